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

export const maxEntries = 500_000

export interface Attempt {
  wait: number
  mayPass: boolean
  giveBack: () => void
}

/** A 128-bit hash, because the attacker chooses the length of the email. */
const short = (...parts: string[]) => hash('sha256', parts.join('\n'), 'base64url').slice(0, 22)

/**
 * Limits wrong passwords by account and address prefix (OWASP ASVS 5.0, 6.3.1) to 100 a day (NIST SP 800-63B-4, 3.2.2). A client
 * must not observe whether the account exists or where its owner is: accounts are counted by name, a right password resets
 * nothing, and attempts over a limit are checked but fail. From a prefix that the owner has logged in from, the right password
 * passes, so that an attacker cannot lock the owner out.
 */
export function createThrottle({ enabled }: { enabled: boolean }, windows: Windows) {
  return {
    /** Counts an attempt as wrong until it is given back, so that concurrent attempts cannot exceed a limit. */
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
