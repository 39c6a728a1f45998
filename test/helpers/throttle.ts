import { type Attempt, createThrottle } from '../../src/auth/throttle/throttle.ts'
import type { Problem } from '../../src/http/problems.ts'

/** A throttle whose clock stands still until it is moved. */
export function startThrottle(remembered?: number) {
  let now = Date.UTC(2026, 0, 1)
  const throttle = createThrottle({ enabled: true, ...(remembered && { remembered }) }, () => now)
  let count = 0

  /** The attempt, or the seconds of Retry-After. */
  function begin(prefix = `fresh-${count++}`, { isUsual = false, account = 'ann@example.com' } = {}) {
    try {
      return throttle.begin(account, prefix, isUsual)
    } catch (error) {
      const { status, code, headers } = error as Problem
      if (status !== 429 || code !== 'too_many_requests') throw error
      return Number(headers['retry-after'])
    }
  }

  /** What became of failing attempts: 0 for one let through, else Retry-After. */
  const fail = (times: number, ...where: Parameters<typeof begin>) =>
    Array.from({ length: times }, () => begin(...where)).map((result) => (typeof result === 'number' ? result : 0))

  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { begin, fail, pass }
}

/** The attempt, or the seconds of Retry-After. */
export async function outcome(begin: () => Attempt | Promise<Attempt>): Promise<Attempt | number> {
  try {
    return await begin()
  } catch (error) {
    const { status, headers } = error as Problem
    if (status !== 429) throw error
    return Number(headers['retry-after'])
  }
}
