import { scrypt as scryptCallback, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const scrypt = promisify<string, string, number, object, Buffer>(scryptCallback)

/** Better Auth's parameters, and the memory in bytes that they need. */
const options = { N: 16_384, r: 16, p: 1, maxmem: 128 * 16_384 * 16 * 2 }
const keyLength = 64
const format = /^[0-9a-f]{32}:[0-9a-f]{128}$/
const decoy = `${'0'.repeat(32)}:${'0'.repeat(128)}`

export const isScrypt = (hash: string): boolean => format.test(hash)

/** Checks Better Auth's hash or, without one, does the same work. The salt is the hex text itself, not decoded. */
export async function verifyScrypt(password: string, hash = decoy): Promise<boolean> {
  const [salt, key] = hash.split(':') as [string, string]
  const derived = await scrypt(password.normalize('NFKC'), salt, keyLength, options)
  return timingSafeEqual(derived, Buffer.from(key, 'hex'))
}
