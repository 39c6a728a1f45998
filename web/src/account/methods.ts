/** How a session was opened (RFC 8176), such as `with your password`; empty if it is not known. */
export function methodsInWords(amr: readonly string[] | null): string {
  const has = (method: string) => amr?.includes(method)
  if (has('hwk') || has('swk')) return 'with a passkey'
  if (has('otp')) return 'with your password and a code'
  return has('pwd') ? 'with your password' : ''
}
