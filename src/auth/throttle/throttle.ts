import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import { bounded } from '../../util/bounded.ts'

const minute = 60_000

/** Failures from one address prefix within the window, after which it waits for the window to end. */
export const perPrefix = { failures: 10, window: 15 * minute }
/** Failures in a row from everywhere: the first few are free, then each costs a longer wait, and at the end nothing goes. */
export const everywhere = { free: 10, longestWait: 15 * minute, failures: 70 }
/** A budget of its own for addresses that the owner has logged in from, which an attack from elsewhere cannot use up. */
export const usual = { free: 10, longestWait: minute, failures: 30 }
/** After this long without a failure an account is forgotten. */
export const memory = 24 * 60 * minute

interface Row {
  failures: number
  /** When the next attempt is let through, in milliseconds since 1970. */
  next: number
  /** Where processes count together: the life of Redis that has seen it. What counted in one process alone has none. */
  life?: number | undefined
}

/** A row, and until when it is kept, in milliseconds since 1970. */
interface Kept extends Row {
  until: number
}

export interface Attempt {
  /** The password was right: the row of failures has ended. */
  succeed: () => void
  /** The attempt never reached the hash. */
  cancel: () => void
}

export interface Throttle {
  /** Lets an attempt on an account through, or throws `too_many_requests`. `isUsual`: the owner has logged in from there. */
  begin: (account: string, prefix: string, isUsual: boolean) => Attempt | Promise<Attempt>
}

/** 128 bits instead of an email: whoever guesses chooses how long those are, and half a million are remembered. */
const short = (name: string) => hash('sha256', name, 'base64url').slice(0, 22)

/** What is counted of an attempt: failures from there, and from everywhere or from all usual addresses. */
export const namesOf = (account: string, prefix: string, isUsual: boolean) =>
  [short(`${account}\n${prefix}`), short(`${account}\n${isUsual ? 'usual' : ''}`)] as const

/**
 * Slows down who guesses a password, by account and by where the guess comes from, so that guessing is hopeless and
 * locking the owner out is too (OWASP ASVS 5.0, 6.3.1). At most 100 failures in a row reach the hash. An account is a
 * name: whether it exists makes no difference. An attempt counts as a failure until it succeeds, so that many at once
 * cannot slip through. `clock` gives milliseconds. `remembered` bounds the memory; what is kept is made by failures that
 * reached the hash, so that an attacker who wants others forgotten needs days of hashing.
 */
export function createThrottle(
  { enabled, remembered = 500_000 }: { enabled: boolean; remembered?: number },
  clock: () => number
) {
  const rows = new LRUCache<string, Row>({
    ...bounded(remembered),
    ttl: memory,
    ttlResolution: 0,
    perf: { now: clock }
  })

  /** As if the attempt that turned `before` into `after` had not been; others may have come since. */
  function giveBack(key: string, before: Row, after: Row): void {
    const row = rows.get(key)
    if (!row) return
    if (row.failures === 1) rows.delete(key)
    else rows.set(key, { ...row, failures: row.failures - 1, next: row.next === after.next ? before.next : row.next })
  }

  function take(key: string, limit: { free: number; longestWait: number; failures: number }): () => void {
    const row = rows.get(key) ?? { failures: 0, next: 0 }
    const now = clock()
    if (row.failures >= limit.failures) throw problems.tooManyRequests(rows.getRemainingTTL(key) / 1000)
    if (row.next > now) throw problems.tooManyRequests((row.next - now) / 1000)
    const failures = row.failures + 1
    const wait = failures < limit.free ? 0 : Math.min(limit.longestWait, 1000 * 2 ** (failures - limit.free))
    const after = { failures, next: now + wait }
    rows.set(key, after)
    return () => giveBack(key, row, after)
  }

  /** The first failure opens a window; it ends by itself. */
  function takeFromPrefix(key: string): () => void {
    const row = rows.get(key)
    const now = clock()
    const open = row && row.next > now ? row : { failures: 0, next: now + perPrefix.window }
    if (open.failures >= perPrefix.failures) throw problems.tooManyRequests((open.next - now) / 1000)
    rows.set(key, { failures: open.failures + 1, next: open.next })
    return () => giveBack(key, open, open)
  }

  return {
    begin(account: string, prefix: string, isUsual: boolean): Attempt {
      if (!enabled) return { succeed: () => {}, cancel: () => {} }
      const [near, far] = namesOf(account, prefix, isUsual)
      const undoNear = takeFromPrefix(near)
      let undoFar: () => void
      try {
        undoFar = take(far, isUsual ? usual : everywhere)
      } catch (error) {
        undoNear()
        throw error
      }
      return {
        succeed() {
          rows.delete(near)
          rows.delete(far)
        },
        cancel() {
          undoNear()
          undoFar()
        }
      }
    },

    /** What is counted under a name, and until when it is kept. */
    recall(name: string): Kept {
      const row = rows.get(name) ?? { failures: 0, next: 0 }
      return { ...row, until: Math.ceil(clock() + rows.getRemainingTTL(name)) }
    },

    /** Puts what all processes have counted in place of what this one did. */
    learn(name: string, { until, ...row }: Kept): void {
      if (row.failures > 0) rows.set(name, row, { ttl: Math.max(1, until - clock()) })
      else rows.delete(name)
    }
  }
}

export type LocalThrottle = ReturnType<typeof createThrottle>
