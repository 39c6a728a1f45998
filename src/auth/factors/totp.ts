import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

/** Milliseconds. */
const period = 30_000
/** 160 bits (RFC 4226, section 4). */
const bytesOfSecret = 20

const totpOf = (secret: Uint8Array, names: { issuer?: string; label?: string } = {}) =>
  new TOTP({
    ...names,
    secret: new Secret({ buffer: Uint8Array.from(secret).buffer }),
    ...{ algorithm: 'SHA1', digits: 6, period: period / 1000 }
  })

export const makeSecret = (): Buffer => randomBytes(bytesOfSecret)

/** A secret as people type it, and as the URI of a QR code. */
export function describeSecret(secret: Uint8Array, names: { issuer: string; label: string }) {
  const totp = totpOf(secret, names)
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/** The time step of a code, or undefined if it is wrong. One step either way is allowed (RFC 6238, section 5.2). */
export function stepOfCode(secret: Uint8Array, code: string, now: number): number | undefined {
  // The library throws for some other texts of the same length.
  if (!/^\d{6}$/.test(code)) return undefined
  const delta = totpOf(secret).validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : Math.floor(now / period) + delta
}
