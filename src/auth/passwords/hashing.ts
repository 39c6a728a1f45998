import { randomBytes } from 'node:crypto'
import * as bcrypt from '@node-rs/bcrypt'
import { isScrypt, verifyScrypt } from './scrypt.ts'

/** bcrypt reads no more bytes than this. */
export const maxBytes = 72
/** Milliseconds for which what was read of the stored hashes counts; an import may add slower ones at any time. */
const kindsTtl = 60_000

/** Whether bcrypt reads all of a password: it ignores what follows the 72nd byte or a NUL, and merges lone surrogates. */
export const isHashable = (password: string) =>
  Buffer.byteLength(password) <= maxBytes && !password.includes('\0') && password.isWellFormed()

/**
 * Stands before our hash of a password that Better Auth had: that system normalizes passwords to NFKC, so all spellings of one (`é`
 * composed or not) went on working and still do. A password set here is kept exactly as received.
 */
const normalized = 'nfkc'
const isNormalized = (hash: string) => isScrypt(hash) || hash.startsWith(normalized)
const plain = (hash: string) => (hash.startsWith(normalized) ? hash.slice(normalized.length) : hash)

/** A password as its stored hash was made of it. */
const asHashed = (password: string, hash: string) => (isNormalized(hash) ? password.normalize('NFKC') : password)

/** What the stored hashes take to check: the highest cost of bcrypt (0 where there are none), and whether scrypt occurs. */
export interface HashKinds {
  cost: number
  scrypt: boolean
}

interface Options {
  bcryptCost: number
  /** Reads what is stored. */
  readKinds?: () => Promise<HashKinds>
  clock?: () => number
}

const none: HashKinds = { cost: 0, scrypt: false }

/** Whether a stored hash is of a kind that can be checked: bcrypt of any system, or Better Auth's scrypt. */
export function isKnownHash(hash: string): boolean {
  if (isScrypt(hash)) return true
  try {
    return bcrypt.parseOptions(hash).cost <= 16
  } catch {
    return false
  }
}

/**
 * Hashes passwords with bcrypt and checks them. Every check takes the same work, whatever the hash and whether there is one:
 * that of the slowest hash that is stored. So the time tells nothing of an account (OWASP ASVS 5.0, 6.3.8).
 */
export function createHashing({ bcryptCost, readKinds = async () => none, clock = Date.now }: Options) {
  const decoys = new Map<number, string>()
  let kinds = none
  let kindsEnd = 0

  /**
   * A hash of nothing. bcrypt refuses one whose last letter it would not write itself, without doing the work: `O` is one
   * that it writes.
   */
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

  /** Takes 2 ** `highest` rounds: each further check doubles what was done so far. */
  async function verifyBcrypt(given: string, hash: string | undefined, highest: number): Promise<boolean> {
    const password = hash ? asHashed(given, hash) : given
    const right = await bcrypt.verify(password, hash ? plain(hash) : decoy(highest))
    const cost = hash ? Number(hash.split('$')[2]) : highest
    for (let done = cost; done < highest; done += 1) await bcrypt.verify(password, decoy(done))
    return right && hash !== undefined && isHashable(password)
  }

  const hash = (password: string) => bcrypt.hash(password, { cost: bcryptCost, rejectLongPasswords: true })

  /** Whether the password is the one behind the hash, ours or another system's. Without a hash: false. */
  async function verify(password: string, hash: string | undefined): Promise<boolean> {
    const stored = await currentKinds()
    const scryptHash = hash !== undefined && isScrypt(hash) ? hash : undefined
    const bcryptHash = scryptHash ? undefined : hash
    const bcryptRight = await verifyBcrypt(password, bcryptHash, Math.max(stored.cost, bcryptCost))
    if (!stored.scrypt && !scryptHash) return bcryptRight
    const scryptRight = await verifyScrypt(password, scryptHash)
    return scryptHash ? scryptRight : bcryptRight
  }

  return {
    hash,
    verify,

    /** A hash of today's kind for the right password of a stored one, by which the same spellings are right. */
    rehash: async (password: string, stored: string): Promise<string> =>
      (isNormalized(stored) ? normalized : '') + (await hash(asHashed(password, stored))),

    /** Both side by side: whoever changes a password waits for one hash, not two. `next` must be one that may be had. */
    verifyAndHash: (password: string, stored: string, next: string): Promise<[boolean, string]> =>
      Promise.all([verify(password, stored), hash(next)]),

    /** Whether a stored hash is not what we would make of this password today: of another system, version or cost. */
    isOutdated(hash: string, password: string): boolean {
      if (isScrypt(hash)) return isHashable(asHashed(password, hash))
      const { cost, version } = bcrypt.parseOptions(plain(hash))
      return cost !== bcryptCost || version !== '2b'
    }
  }
}

export type Hashing = ReturnType<typeof createHashing>
