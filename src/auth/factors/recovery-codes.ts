import { createHash, randomBytes } from 'node:crypto'
import { Secret } from 'otpauth'

const count = 10
/** 120 bits, so that a plain hash is enough (OWASP ASVS 5.0, 6.5.2). */
const bytesOfCode = 15

const makeCode = () =>
  new Secret({ buffer: Uint8Array.from(randomBytes(bytesOfCode)).buffer }).base32
    .toLowerCase()
    .replace(/(.{4})(?=.)/g, '$1-')

/** Codes in groups of four letters and digits, as `k3xv-...`. */
export const makeRecoveryCodes = (): string[] => Array.from({ length: count }, makeCode)

/** Hashes a code, however it is grouped, in any case. */
export const hashOfRecoveryCode = (code: string): Buffer =>
  createHash('sha256').update(code.replace(/[\s-]/g, '').toLowerCase()).digest()
