import { hash } from 'node:crypto'
import type { Windows } from '../../redis/windows.ts'

const minute = 60_000
const hour = 60 * minute

/** Wrong passwords for an account from one address prefix. */
export const fromPrefix = { max: 10, length: 15 * minute }
/** Wrong passwords for an account from everywhere, of those that had room there: at once, and in a day. */
export const fromEverywhere = { max: 20, length: 15 * minute }
export const inADay = { max: 70, length: 24 * hour }
/** While one of these is full: wrong passwords from prefixes that the owner has logged in from. */
export const fromUsual = { max: 10, length: 8 * hour }

/** Windows that are remembered: an attempt makes four at most, after a hash. */
export const maxEntries = 500_000

export interface Attempt {
  /** Milliseconds until an attempt may succeed again, as far as an outsider is told; 0 where it may. */
  wait: number
  /** Whether a right password lets in. */
  mayPass: boolean
  /** The password was right, or never checked: as if the attempt had not been. */
  giveBack: () => void
}

/** 128 bits instead of an email, whose length whoever guesses chooses. */
const short = (...parts: string[]) => hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)

/**
 * Limits wrong passwords, by account and by where they come from (OWASP ASVS 5.0, 6.3.1). At most 100 a day are checked
 * (NIST SP 800-63B-4, 3.2.2).
 *
 * What an outsider sees depends on what was tried before and on nothing else: neither on whether there is such an account, nor
 * on where its owner is. So an account is a name, a right password resets nothing, and an attempt over a limit is checked like
 * any other. It fails even so, except for who has the right password at a prefix that the owner has logged in from: an
 * attacker who fills the limits on purpose does not lock the owner out.
 */
export function createThrottle({ enabled }: { enabled: boolean }, windows: Windows) {
  return {
    /**
     * Counts an attempt, as a wrong password until it is given back: many at once cannot slip through. `isUsual`: the owner has
     * logged in from there.
     */
    async begin(account: string, prefix: string, isUsual: boolean): Promise<Attempt> {
      if (!enabled) return { wait: 0, mayPass: true, giveBack: () => {} }
      const attempt = await windows.count([
        { ...fromPrefix, name: short('prefix', account, prefix) },
        { ...fromEverywhere, name: short('everywhere', account) },
        { ...inADay, name: short('day', account) }
      ])
      if (attempt.wait === 0) return { wait: 0, mayPass: true, giveBack: attempt.giveBack }
      // Counted for every prefix, so that it takes as long.
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
