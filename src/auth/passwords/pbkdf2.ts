import { pbkdf2 as pbkdf2Callback, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const pbkdf2 = promisify(pbkdf2Callback)

/** By digest, its bytes, and the most iterations of an imported hash: about half a second of a core. */
const bounds = {
  sha1: { bytes: 20, most: 2_000_000 },
  sha256: { bytes: 32, most: 2_000_000 },
  sha512: { bytes: 64, most: 1_000_000 }
} as const
export type Digest = keyof typeof bounds
export const digests = Object.keys(bounds) as Digest[]
/** The most iterations of stored hashes, by digest. Without a digest there is no such hash. */
export type Iterations = Partial<Record<Digest, number>>

const digest = '(sha1|sha256|sha512)'
const base64 = '[A-Za-z0-9+/]+'
/**
 * Our form. The third part is the kind, by which `users_by_hash_kind` is sorted: behind scrypt's, which is empty, and before
 * those of bcrypt, 10 to 16, so that an earlier release reads the same highest cost.
 */
const stored = new RegExp(`^\\$pbkdf2\\$0p${digest}i(\\d{8})\\$(${base64})\\$(${base64})$`)
/** What the kinds of a digest begin with, and end before, in the order of the index. */
export const kindsOf = (name: Digest) => [`0p${name}i`, `0p${name}j`] as const

export const isPbkdf2 = (hash: string): boolean => stored.test(hash)

const withoutPadding = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
const fromPasslib = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64')

interface Parts {
  name: Digest
  iterations: number
  salt: Buffer
  key: Buffer
}

type Reader = [format: RegExp, salt: (text: string) => Buffer, key: (text: string) => Buffer]
const ofText = (text: string) => Buffer.from(text)
const ofBase64 = (text: string) => Buffer.from(text, 'base64')
const ofHex = (text: string) => Buffer.from(text, 'hex')
/** Each has the digest, the iterations, the salt and the key. */
const readers: Reader[] = [
  // Django.
  [new RegExp(`^pbkdf2_${digest}\\$(\\d+)\\$([^$]+)\\$(${base64}={0,2})$`), ofText, ofBase64],
  // Werkzeug (Flask).
  [new RegExp(`^pbkdf2:${digest}:(\\d+)\\$([^$]+)\\$((?:[0-9a-f]{2})+)$`), ofText, ofHex],
  // The PHC string format, as Auth0 writes it.
  [new RegExp(`^\\$pbkdf2-${digest}\\$i=(\\d+)(?:,l=\\d+)?\\$(${base64})\\$(${base64})$`), ofBase64, ofBase64],
  // passlib, whose base64 has dots.
  [new RegExp(`^\\$pbkdf2-${digest}\\$(\\d+)\\$([A-Za-z0-9./]+)\\$([A-Za-z0-9./]+)$`), fromPasslib, fromPasslib]
]

/** Returns another system's hash in our form. Undefined: it is none, or has too many iterations, or too short a key. */
export function storedPbkdf2(hash: string): string | undefined {
  for (const [format, saltOf, keyOf] of readers) {
    const [, name, count, saltText = '', keyText = ''] = format.exec(hash) ?? []
    if (name === undefined) continue
    const [iterations, salt, key] = [Number(count), saltOf(saltText), keyOf(keyText)]
    const { most } = bounds[name as Digest]
    if (!(iterations >= 1 && iterations <= most) || key.length < 16 || key.length > 512 || salt.length > 256) return
    return `$pbkdf2$0p${name}i${String(iterations).padStart(8, '0')}$${withoutPadding(salt)}$${withoutPadding(key)}`
  }
  return undefined
}

function read(hash: string): Parts {
  const [, name, count, salt, key] = stored.exec(hash) as unknown as [string, Digest, string, string, string]
  return { name, iterations: Number(count), salt: ofBase64(salt), key: ofBase64(key) }
}

/** Returns a hash of ours in the PHC string format, for another system. */
export function phcOfPbkdf2(hash: string): string {
  const { name, iterations, salt, key } = read(hash)
  return `$pbkdf2-${name}$i=${iterations},l=${key.length}$${withoutPadding(salt)}$${withoutPadding(key)}`
}

/**
 * Checks a hash or, without one, does the same work: of each digest as many iterations as the stored hash with most. Compares
 * the first block of a longer key, which an attacker would compute alone, too (RFC 8018, section 5.2).
 */
export async function verifyPbkdf2(password: string, hash: string | undefined, most: Iterations): Promise<boolean> {
  const own = hash === undefined ? undefined : read(hash)
  let right = false
  for (const name of digests) {
    const isOwn = own?.name === name
    const { bytes } = bounds[name]
    if (isOwn) {
      const expected = own.key.subarray(0, bytes)
      right = timingSafeEqual(await pbkdf2(password, own.salt, own.iterations, expected.length, name), expected)
    }
    const rest = (most[name] ?? 0) - (isOwn ? own.iterations : 0)
    if (rest > 0) await pbkdf2(password, name, rest, bytes, name)
  }
  return right
}
