import { availableParallelism } from 'node:os'
import type { Client } from '../client.ts'
import { normalEmail } from '../email-address.ts'
import { isCommon } from './common-passwords.ts'
import { createHashQueue } from './hash-queue.ts'
import { createHashing, type Hashing, type HashKinds, isHashable, maxBytes } from './hashing.ts'

/** Milliseconds that a round of bcrypt takes on a slow core: the queue measures its own soon. */
const roundTime = 0.05

/** Why a new password is refused beyond what the schema says (OWASP ASVS 5.0, 6.2), or undefined. */
export function passwordRefusal(password: string, email: string): string | undefined {
  if (!isHashable(password)) return `must be at most ${maxBytes} bytes long in UTF-8`
  if (isCommon(password)) return 'is too close to a common password; take several words that do not belong together'
  if (normalEmail(password) === email) return 'must not be the email address'
  return undefined
}

interface Options {
  bcryptCost: number
  /** Processes of the service on this machine. */
  workers?: number
  rateLimit?: { enabled: boolean }
  readKinds?: () => Promise<HashKinds>
}

/**
 * Hashes and checks passwords. Whoever wants to does so in a turn, which the addresses of clients share fairly: as many run at
 * once as there are cores, divided among the workers, three at most (libuv has four threads, and files and names need one).
 * The machine is what is short, so each process counts for itself, with or without Redis.
 */
export function createPasswords({ workers = 1, rateLimit = { enabled: true }, ...options }: Options) {
  const { hash, rehash, verify, verifyAndHash, isOutdated } = createHashing(options)
  const queue = createHashQueue({
    concurrency: Math.max(1, Math.min(Math.floor(availableParallelism() / workers), 3)),
    estimate: 2 ** options.bcryptCost * roundTime,
    limitAddresses: rateLimit.enabled
  })

  return {
    /** Hashes that are being made. */
    get running(): number {
      return queue.running
    },
    /** Hashes that wait for their turn. */
    get waiting(): number {
      return queue.waiting
    },

    isOutdated,

    /**
     * Does work that hashes, when its client has a turn. What leads to the hash belongs in there too, so that nothing is done for
     * those who are refused. A right password costs the address little. Throws `unavailable` and `too_many_requests`.
     */
    inTurn: <T>(client: Client, work: (hasher: Hasher) => Promise<T>, { signingUp = false } = {}): Promise<T> =>
      queue.run(
        client.prefix,
        ({ discount }) =>
          work({
            hash,
            verifyAndHash,
            async verify(password, hash) {
              const right = await verify(password, hash)
              if (right) discount()
              return right
            }
          }),
        // Those who have an account come first.
        signingUp ? 1 : 0
      ),

    /** Hashes when nobody waits for a hash, or never. Of one user only the last such work is done. */
    whenIdle(userId: string, work: (hasher: Pick<Hashing, 'rehash'>) => Promise<unknown>): void {
      queue.whenIdle(userId, () => work({ rehash }).catch(() => {}))
    }
  }
}

/** What may be done in a turn. */
export type Hasher = Pick<Hashing, 'hash' | 'verify' | 'verifyAndHash'>
export type Passwords = ReturnType<typeof createPasswords>
