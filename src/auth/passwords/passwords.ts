import { availableParallelism } from 'node:os'
import type { Client } from '../client.ts'
import { normalEmail } from '../email-address.ts'
import { isCommon } from './common-passwords.ts'
import { createHashQueue } from './hash-queue.ts'
import { createHashing, type Hashing, type HashKinds, isHashable, maxBytes } from './hashing.ts'

// Milliseconds of one bcrypt round on a slow core: the first estimate of the queue.
const roundTime = 0.05

const service = 'gatehouse'

/** Whether a password is this word, with nothing but digits, punctuation and blanks around it. */
function isDecorated(password: string, word: string): boolean {
  const lower = password.toLowerCase()
  const at = lower.indexOf(word)
  return at >= 0 && !/\p{L}/u.test(lower.slice(0, at) + lower.slice(at + word.length))
}

/** Returns why a new password is refused, beyond the schema (OWASP ASVS 5.0, 6.2), or undefined. */
export function passwordRefusal(password: string, email: string): string | undefined {
  if (!isHashable(password)) return `must be at most ${maxBytes} bytes long in UTF-8`
  if (isCommon(password)) return 'is too close to a common password; use several unrelated words'
  if (normalEmail(password) === email) return 'must not be the email address'
  const localPart = email.slice(0, email.lastIndexOf('@'))
  if ([localPart, service].some((word) => isDecorated(password, word)))
    return 'must be more than the name in the email address, or of the service, with digits and punctuation'
  return undefined
}

interface Options {
  bcryptCost: number
  workers?: number
  rateLimit?: { enabled: boolean }
  queueWait?: number | undefined
  clock?: () => number
  readKinds?: () => Promise<HashKinds>
}

/** Hashes and checks passwords in a queue that is fair to client addresses. */
export function createPasswords({ workers = 1, rateLimit = { enabled: true }, queueWait, ...options }: Options) {
  const { hash, rehash, verify, verifyAndHash, isOutdated } = createHashing(options)
  const queue = createHashQueue({
    // libuv has four threads, and file and DNS access need one.
    concurrency: Math.max(1, Math.min(Math.floor(availableParallelism() / workers), 3)),
    estimate: 2 ** options.bcryptCost * roundTime,
    limitAddresses: rateLimit.enabled,
    maxWait: queueWait,
    clock: options.clock
  })

  return {
    get running(): number {
      return queue.running
    },
    get waiting(): number {
      return queue.waiting
    },

    isOutdated,

    /** Look-ups before the hash belong into `work`, so that a refused client costs nothing. A right password costs a tenth. */
    enqueue: <T>(client: Client, work: (hasher: Hasher) => Promise<T>, { signingUp = false } = {}): Promise<T> =>
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
        // Existing accounts take precedence over new ones.
        signingUp ? 1 : 0
      ),

    whenIdle(userId: string, work: (hasher: Pick<Hashing, 'rehash'>) => Promise<unknown>): void {
      queue.whenIdle(userId, () => work({ rehash }).catch(() => {}))
    }
  }
}

export type Hasher = Pick<Hashing, 'hash' | 'verify' | 'verifyAndHash'>
export type Passwords = ReturnType<typeof createPasswords>
