/**
 * The claims of a JWT, not verified: they tell whose it is and until when, never whether it is valid. Throws if it is no
 * JWT.
 */
export function claimsOf(token: string): Record<string, unknown> {
  const payload = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (character) => character.charCodeAt(0))))
}

/** Milliseconds from the issue of a JWT to its expiry, or 0. Clocks that differ do not matter. */
export function lifetimeOf({ iat, exp }: Record<string, unknown>): number {
  return typeof iat === 'number' && typeof exp === 'number' ? (exp - iat) * 1000 : 0
}
