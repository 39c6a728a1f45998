import { hash } from 'node:crypto'
import type { Windows } from '../../redis/windows.ts'

const minute = 60_000
const hour = 60 * minute

/** Wrong passwords for an account from one address prefix. */
export const fromPrefix = { max: 10, length: 15 * minute }
/** Wrong passwords for an account from all prefixes that are not full: short-term, and per day. */
export const fromEverywhere = { max: 20, length: 15 * minute }
export const inADay = { max: 70, length: 24 * hour }
/** While one of these is full: wrong passwords from prefixes that the owner has logged in from. */
export const fromUsual = { max: 10, length: 8 * hour }

/** Windows to remember: an attempt adds at most four, and each attempt costs a hash. */
export const maxEntries = 500_000

export interface Attempt {
  /** Milliseconds until an attempt may succeed again, as told to the client; 0 if it may now. */
  wait: number
  /** Whether a right password logs in. */
  mayPass: boolean
  /** Takes the count back: the password was right, or was never checked. */
  giveBack: () => void
}

/** A 128-bit hash, because the attacker chooses the length of the email. */
const short = (...parts: string[]) => hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)

/**
 * Limits wrong passwords by account and by address prefix (OWASP ASVS 5.0, 6.3.1): at most 100 a day are checked (NIST
 * SP 800-63B-4, 3.2.2).
 *
 * A client can observe only the effect of earlier attempts, not whether the account exists or where its owner is. So
 * accounts are counted by name, a right password resets nothing, and attempts over a limit are still checked but fail.
 * Exception: the right password from a prefix that the owner has logged in from passes, so an attacker cannot lock the
 * owner out.
 */
export function createThrottle({ enabled }: { enabled: boolean }, windows: Windows) {
  return {
    /**
     * Counts an attempt as a wrong password until it is given back, so that concurrent attempts cannot exceed a limit.
     * `isUsual`: the owner has logged in from this prefix.
     */
    async begin(account: string, prefix: string, isUsual: boolean): Promise<Attempt> {
      if (!enabled) return { wait: 0, mayPass: true, giveBack: () => {} }
      const attempt = await windows.count([
        { ...fromPrefix, name: short('prefix', account, prefix) },
        { ...fromEverywhere, name: short('everywhere', account) },
        { ...inADay, name: short('day', account) }
      ])
      if (attempt.wait === 0) return { wait: 0, mayPass: true, giveBack: attempt.giveBack }
      // Counted for every prefix, so that the time is the same.
      const rest = await windows.count([{ ...fromUsual, name: short(isUsual ? 'usual' : 'unusual', account) }])
      return {
        wait: attempt.wait,
        mayPass: isUsual && rest.wait === 0,
        giveBack() {
          attempt.giveBack()
          rest.giveBack()
        }
      }
    }
  }
}

export type Throttle = ReturnType<typeof createThrottle>
