/** Letters of the address may be international after the @, where three more characters separate labels (UTS #46). */
const shape = /^[^\s@]+@[^\s@.\u3002\uff0e\uff61]+(?:[.\u3002\uff0e\uff61][^\s@.\u3002\uff0e\uff61]+)+$/
const maxLength = 254

/** What is wrong with an email address, as far as the page can tell, or undefined. The server has the last word. */
export function emailFault(email: string): string | undefined {
  const address = email.trim()
  if (address === '') return 'Enter your email address.'
  if (address.length > maxLength) return `Must be at most ${maxLength} characters.`
  return shape.test(address) ? undefined : 'Enter an email address such as ann@example.com.'
}

let typed = ''

/** The email typed last, in memory only, so that it is still there on the next page for signing in or up. */
export const typedEmail = (): string => typed
export const rememberEmail = (email: string): void => {
  typed = email
}
