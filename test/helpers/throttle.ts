import { createThrottle, maxEntries as defaultMax } from '../../src/auth/throttle/throttle.ts'
import { createWindows } from '../../src/redis/windows.ts'

/** A throttle of one process. */
export const throttleBy = (clock: () => number, { enabled = true, maxEntries = defaultMax } = {}) =>
  createThrottle({ enabled }, createWindows(undefined, { kind: 'throttle', maxEntries, clock }))

/** A throttle with a manual clock. */
export function startThrottle(maxEntries?: number) {
  let now = Date.UTC(2026, 0, 1)
  const throttle = throttleBy(() => now, { ...(maxEntries && { maxEntries }) })
  let count = 0

  /** Makes an attempt, at an unused address unless one is given. */
  const begin = (prefix = `fresh-${count++}`, { isUsual = false, account = 'ann@example.com' } = {}) =>
    throttle.begin(account, prefix, isUsual)

  /** The seconds that failing attempts are told to wait; 0 if they may continue. */
  async function fail(times: number, ...where: Parameters<typeof begin>) {
    const waits = []
    for (let i = 0; i < times; i++) waits.push(Math.ceil((await begin(...where)).wait / 1000))
    return waits
  }

  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { begin, fail, pass }
}
