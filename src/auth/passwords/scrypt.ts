import { createCipheriv, scrypt as scryptCallback, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const scrypt = promisify<string, string | Buffer, number, object, Buffer>(scryptCallback)

/** Better Auth's parameters, and the memory in bytes that they need. */
const options = { N: 16_384, r: 16, p: 1, maxmem: 128 * 16_384 * 16 * 2 }
const keyLength = 64
const format = /^[0-9a-f]{32}:[0-9a-f]{128}$/
const decoy = `${'0'.repeat(32)}:${'0'.repeat(128)}`

/** Firebase's parameters (rounds 8, memory cost 14): half the work of Better Auth's. */
export const firebaseCost = { rounds: 8, memCost: 14 }
const firebaseOptions = { N: 2 ** firebaseCost.memCost, r: firebaseCost.rounds, p: 1, maxmem: options.maxmem }
const base64 = '[A-Za-z0-9+/]*={0,2}'
/** Our form of it: the salt separator and the signer key of the project, the salt and the hash. */
const firebaseFormat = new RegExp(`^firebase:(${base64}):(${base64}):(${base64}):(${base64})$`)

export const isBetterAuthScrypt = (hash: string): boolean => format.test(hash)
export const isFirebaseScrypt = (hash: string): boolean => firebaseFormat.test(hash)
export const isScrypt = (hash: string): boolean => isBetterAuthScrypt(hash) || isFirebaseScrypt(hash)

/** Supabase's form of it (GoTrue), with the separator and the key of the project. */
const fbscrypt = new RegExp(
  `^\\$fbscrypt\\$v=1,n=${firebaseCost.memCost},r=${firebaseCost.rounds},p=1(?:,ss=(${base64}))?,sk=(${base64})\\$(${base64})\\$(${base64})$`
)

/** Returns another system's hash in our form. Undefined: it is none that is known. */
export function storedScrypt(hash: string): string | undefined {
  const [, separator = '', ...parts] = fbscrypt.exec(hash) ?? []
  if (parts.length > 0) return ['firebase', separator, ...parts].join(':')
  return isScrypt(hash) ? hash : undefined
}

/** The derived key encrypts the project's signer key, and the result is the hash (github.com/firebase/scrypt). */
async function verifyFirebase(password: string, hash: string): Promise<boolean> {
  const [separator, signerKey, salt, expected] = (firebaseFormat.exec(hash) as RegExpExecArray)
    .slice(1)
    .map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer, Buffer, Buffer]
  const key = await scrypt(password, Buffer.concat([salt, separator]), 32, firebaseOptions)
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const found = Buffer.concat([cipher.update(signerKey), cipher.final()])
  // The other half of the work that every check takes.
  await scrypt(password, salt, 32, firebaseOptions)
  return found.length === expected.length && timingSafeEqual(found, expected)
}

/** Checks a hash of another system or, without one, does the same work. Better Auth's salt is the hex text itself. */
export async function verifyScrypt(password: string, hash = decoy): Promise<boolean> {
  if (isFirebaseScrypt(hash)) return verifyFirebase(password, hash)
  const [salt, key] = hash.split(':') as [string, string]
  const derived = await scrypt(password.normalize('NFKC'), salt, keyLength, options)
  return timingSafeEqual(derived, Buffer.from(key, 'hex'))
}
