import { randomBytes } from 'node:crypto'
import * as bcrypt from '@node-rs/bcrypt'
import { isArgon2, storedArgon2, verifyArgon2 } from './argon2.ts'
import { type Iterations, isPbkdf2, storedPbkdf2, verifyPbkdf2 } from './pbkdf2.ts'
import { isBetterAuthScrypt, isScrypt, storedScrypt, verifyScrypt } from './scrypt.ts'

export const maxBytes = 72
// Milliseconds; an import may add slower hashes at any time.
const kindsTtl = 60_000

/** bcrypt ignores everything after the 72nd byte or a NUL, and merges lone surrogates. */
export const isHashable = (password: string) =>
  Buffer.byteLength(password) <= maxBytes && !password.includes('\0') && password.isWellFormed()

// Prefix of our hash of a password from Better Auth, which normalizes to NFKC. Passwords set here are hashed as received.
const normalized = 'nfkc'
const isNormalized = (hash: string) => isBetterAuthScrypt(hash) || hash.startsWith(normalized)
const plain = (hash: string) => (hash.startsWith(normalized) ? hash.slice(normalized.length) : hash)

const asHashed = (password: string, hash: string) => (isNormalized(hash) ? password.normalize('NFKC') : password)

/** What stored hashes need: the highest cost of bcrypt, whether there is scrypt, and the parameters of the others. */
export interface HashKinds {
  cost: number
  scrypt: boolean
  pbkdf2: Iterations
  argon2: string[]
}

interface Options {
  bcryptCost: number
  readKinds?: () => Promise<HashKinds>
  clock?: () => number
}

export const noKinds: HashKinds = { cost: 0, scrypt: false, pbkdf2: {}, argon2: [] }

const isBcrypt = (hash: string) => !isScrypt(hash) && !isPbkdf2(hash) && !isArgon2(hash)

function storedBcrypt(hash: string): string | undefined {
  try {
    return bcrypt.parseOptions(hash).cost <= 16 ? hash : undefined
  } catch {
    return undefined
  }
}

/** Returns another system's hash as it is stored. Undefined: its kind is not known, or it takes too much memory or time. */
export const storedHash = (hash: string): string | undefined =>
  storedScrypt(hash) ?? storedPbkdf2(hash) ?? storedArgon2(hash) ?? storedBcrypt(hash)

/** Every check takes the work of the slowest stored hash, so its time reveals nothing (OWASP ASVS 5.0, 6.3.8). */
export function createHashing({ bcryptCost, readKinds = async () => noKinds, clock = Date.now }: Options) {
  const decoys = new Map<number, string>()
  let kinds = noKinds
  let kindsEnd = 0

  // bcrypt refuses a hash whose last character it would not write, without doing the work; `O` is one that it writes.
  function decoy(cost: number): string {
    const known = decoys.get(cost)
    if (known) return known
    const made = `${bcrypt.genSaltSync({ cost })}${randomBytes(15).toString('hex')}O`
    decoys.set(cost, made)
    return made
  }

  async function currentKinds(): Promise<HashKinds> {
    if (clock() >= kindsEnd) {
      kinds = await readKinds()
      kindsEnd = clock() + kindsTtl
    }
    return kinds
  }

  // 2 ** `highest` rounds in total: each further check doubles the work done so far.
  async function verifyBcrypt(given: string, hash: string | undefined, highest: number): Promise<boolean> {
    const password = hash ? asHashed(given, hash) : given
    const right = await bcrypt.verify(password, hash ? plain(hash) : decoy(highest))
    const cost = hash ? Number(hash.split('$')[2]) : highest
    for (let done = cost; done < highest; done += 1) await bcrypt.verify(password, decoy(done))
    return right && hash !== undefined && isHashable(password)
  }

  const hash = (password: string) => bcrypt.hash(password, { cost: bcryptCost, rejectLongPasswords: true })

  async function verify(password: string, hash: string | undefined): Promise<boolean> {
    const stored = await currentKinds()
    const of = (isKind: (hash: string) => boolean) => (hash !== undefined && isKind(hash) ? hash : undefined)
    const scryptHash = of(isScrypt)
    // One after the other, whichever is right. Without a hash of its kind, each does the same work and is not right.
    const checks = [
      await verifyBcrypt(password, of(isBcrypt), Math.max(stored.cost, bcryptCost)),
      (stored.scrypt || scryptHash !== undefined) && (await verifyScrypt(password, scryptHash)),
      await verifyPbkdf2(password, of(isPbkdf2), stored.pbkdf2),
      await verifyArgon2(password, of(isArgon2), stored.argon2)
    ]
    return checks.includes(true)
  }

  return {
    hash,
    verify,

    /** Hashes a verified password anew, so that the same spellings stay valid. */
    rehash: async (password: string, stored: string): Promise<string> =>
      (isNormalized(stored) ? normalized : '') + (await hash(asHashed(password, stored))),

    /** In parallel, to wait for one hash instead of two. The caller has checked that `next` is acceptable. */
    verifyAndHash: (password: string, stored: string, next: string): Promise<[boolean, string]> =>
      Promise.all([verify(password, stored), hash(next)]),

    isOutdated(hash: string, password: string): boolean {
      if (!isBcrypt(hash)) return isHashable(asHashed(password, hash))
      const { cost, version } = bcrypt.parseOptions(plain(hash))
      return cost !== bcryptCost || version !== '2b'
    }
  }
}

export type Hashing = ReturnType<typeof createHashing>
