const longLength = 15
const isLong = (password: string) => [...password].length >= longLength

/** The server's rules for a new password that can be checked while typing; it also refuses common passwords. */
export const passwordRules = [
  { text: 'At least 8 characters', met: (password: string) => [...password].length >= 8 },
  {
    text: 'A digit and a special character, such as ! or a space, or 15 characters of any kind',
    met: (password: string) => isLong(password) || (/[0-9]/.test(password) && /[^A-Za-z0-9]/.test(password))
  },
  {
    text: 'Not your email address',
    met: (password: string, email: string) => password !== '' && password.toLowerCase() !== email.trim().toLowerCase()
  }
]

const meetsRules = (password: string, email: string) => passwordRules.every(({ met }) => met(password, email))

/** The limit of bcrypt. */
const maxBytes = 72

/** Describes what is wrong with a new password, or undefined. */
export function passwordFault(password: string, email: string): string | undefined {
  if (new TextEncoder().encode(password).length > maxBytes) return `Must be at most ${maxBytes} bytes long.`
  if (password === '') return 'Enter a new password.'
  return meetsRules(password, email) ? undefined : 'The password does not meet all the rules below.'
}

/** Fewer different characters are easy to guess, however often they are repeated. */
const variety = 8

export type Strength = 'weak' | 'fair' | 'strong'

/** Weak until the rules are met; strong only if the password is also long and varied. */
export function strengthOf(password: string, email: string): Strength {
  if (!meetsRules(password, email)) return 'weak'
  return isLong(password) && new Set(password).size >= variety ? 'strong' : 'fair'
}
