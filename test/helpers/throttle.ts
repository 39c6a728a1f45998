import { createThrottle, maxEntries as defaultMax } from '../../src/auth/throttle/throttle.ts'
import { createWindows } from '../../src/redis/windows.ts'

/** A throttle of one process. */
export const throttleBy = (clock: () => number, { enabled = true, maxEntries = defaultMax } = {}) =>
  createThrottle({ enabled }, createWindows(undefined, { kind: 'throttle', maxEntries, clock }))

/** A throttle whose clock stands still until it is moved. */
export function startThrottle(maxEntries?: number) {
  let now = Date.UTC(2026, 0, 1)
  const throttle = throttleBy(() => now, { ...(maxEntries && { maxEntries }) })
  let count = 0

  /** An attempt: at an address that nobody else has, unless one is given. */
  const begin = (prefix = `fresh-${count++}`, { isUsual = false, account = 'ann@example.com' } = {}) =>
    throttle.begin(account, prefix, isUsual)

  /** The seconds that failing attempts are told to wait: 0 where they are not. */
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
