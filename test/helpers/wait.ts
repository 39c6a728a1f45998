import { setImmediate } from 'node:timers/promises'

/** Milliseconds: far more than a busy machine needs. */
export const patience = 120_000
/** Milliseconds for a process to start: at a load of 24 on two cores, the service took more than a minute. */
export const starting = 220_000
/** Milliseconds for a command that may install packages, or build them. */
export const installing = 4 * patience
/** Turns of the event loop before polling slows down, so that the wait does not use the CPU. */
const turns = 50

// The originals, before a test mocks the timers.
const { setTimeout, clearTimeout } = globalThis
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/** Waits until a condition holds, and returns its value. On a timeout, throws an error that says what it waited for. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  milliseconds = patience
): Promise<Truthy<T>> {
  const end = performance.now() + milliseconds
  for (let turn = 0; ; turn++) {
    const found = await condition()
    if (found) return found as Truthy<T>
    if (performance.now() > end) throw new Error(`Waited ${milliseconds / 1000} s for ${what}`)
    await (turn < turns ? setImmediate() : pause())
  }
}

/**
 * Tries something again until it takes less than these milliseconds, after which the service decides otherwise, and returns what that
 * try returned. On a busy machine any number of seconds may pass between two requests.
 */
export async function inTime<T>(what: string, milliseconds: number, attempt: () => Promise<T>): Promise<T> {
  const [done] = await until(what, async () => {
    const begin = performance.now()
    const returned = await attempt()
    return performance.now() - begin < milliseconds && [returned]
  })
  return done as T
}

/** Waits for a promise. On a timeout, throws an error that says what it waited for. */
export function settled<T>(what: string, promise: Promise<T>, milliseconds = patience): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Waited ${milliseconds / 1000} s for ${what}`)), milliseconds)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
