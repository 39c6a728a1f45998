import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import * as bcrypt from '@node-rs/bcrypt'
import PQueue from 'p-queue'
import { problems } from '../../http/problems.ts'
import { normalEmail } from '../email-address.ts'
import { isCommon } from './common-passwords.ts'
import { isScrypt, verifyScrypt } from './scrypt.ts'

/** bcrypt reads no more bytes than this, and would take anything after them for right. */
const maxBytes = 72
const hashable = (password: string) =>
  Buffer.byteLength(password) <= maxBytes && !password.includes('\0') && password.isWellFormed()

/** Hashes at once: all cores but one, and all of libuv's four threads but one, which files and names need as well. */
const concurrency = Math.max(1, Math.min(availableParallelism(), 4) - 1)
/** Hashes that may wait for their turn, and for how many milliseconds: beyond, a client is told to come back. */
const queueLimit = 32 * concurrency
const maxWait = 2_000
/** Milliseconds before those hear of it who find no place: told at once, many would come back at once. */
const pause = { shortest: 500, longest: 1_500 }

/** Whether a stored hash is of a kind that can be checked: bcrypt of any system, or Better Auth's scrypt. */
export function isKnownHash(hash: string): boolean {
  if (isScrypt(hash)) return true
  try {
    return bcrypt.parseOptions(hash).cost <= 16
  } catch {
    return false
  }
}

/** Why a new password is refused beyond what the schema says (OWASP ASVS 5.0, 6.2), or undefined. */
export function passwordRefusal(password: string, email: string): string | undefined {
  if (!hashable(password)) return `must be at most ${maxBytes} bytes long in UTF-8`
  if (isCommon(password)) return 'is too close to a common password; take several words that do not belong together'
  if (normalEmail(password) === email) return 'must not be the email address'
  return undefined
}

/**
 * Hashes and checks passwords with bcrypt, few enough at once. `hash`, `verify` and `verifyAndHash` throw `unavailable` when
 * too many wait.
 */
export function createPasswords({ bcryptCost }: { bcryptCost: number }) {
  const queue = new PQueue({ concurrency })
  let admitted = 0

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= queueLimit) return Promise.reject(problems.unavailable('hash queue full', 5))
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(problems.unavailable('hash queue slow', 5)), maxWait)
    const start = () => {
      clearTimeout(timer)
      return work()
    }
    return queue.add(start, { signal: patience.signal })
  }

  /**
   * A hash of nothing, for accounts that do not exist: checking against it costs what checking against a user's does. A
   * letter that no encoder would write in the last place, and bcrypt would refuse it without doing the work.
   */
  const nobody = `${bcrypt.genSaltSync({ cost: bcryptCost })}${randomBytes(15).toString('hex')}O`

  const make = (password: string) => bcrypt.hash(password, { cost: bcryptCost, rejectLongPasswords: true })

  async function isRight(password: string, hash: string | undefined): Promise<boolean> {
    if (hash !== undefined && isScrypt(hash)) return verifyScrypt(password, hash)
    const right = await bcrypt.verify(password, hash ?? nobody)
    return right && hash !== undefined && hashable(password)
  }

  return {
    /** Hashes that are being made. */
    get running(): number {
      return queue.pending
    },
    /** Hashes that wait for their turn. */
    get waiting(): number {
      return queue.size
    },

    /**
     * Does what leads to a hash for no more at once than may wait for one. Nothing is done for the others, and they are not
     * told at once: or a rush of them would keep the database and the processor from everybody else. Throws `unavailable`.
     */
    async admit<T>(work: () => Promise<T>): Promise<T> {
      if (admitted >= queueLimit) {
        const spread = Math.random() * (pause.longest - pause.shortest)
        await new Promise((resolve) => setTimeout(resolve, pause.shortest + spread))
        throw problems.unavailable('too many wait for a hash', 5)
      }
      admitted += 1
      return work().finally(() => {
        admitted -= 1
      })
    },

    hash: (password: string): Promise<string> => inTurn(() => make(password)),

    /** Whether the password is the one behind the hash, ours or another system's. Without a hash: false, after the same work. */
    verify: (password: string, hash: string | undefined): Promise<boolean> => inTurn(() => isRight(password, hash)),

    /** Both in one turn, side by side: whoever changes a password waits for one hash, not two. `next` must be one that may be had. */
    verifyAndHash: (password: string, hash: string, next: string): Promise<[boolean, string]> =>
      inTurn(() => Promise.all([isRight(password, hash), make(next)])),

    /** Whether a stored hash is not what we would make of this password today: of another system, version or cost. */
    isOutdated(hash: string, password: string): boolean {
      if (isScrypt(hash)) return hashable(password)
      const { cost, version } = bcrypt.parseOptions(hash)
      return cost !== bcryptCost || version !== '2b'
    }
  }
}

export type Passwords = ReturnType<typeof createPasswords>
