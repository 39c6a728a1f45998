import { setImmediate } from 'node:timers/promises'

/** Milliseconds. Far more than a busy machine needs. */
const patience = 10_000

/** Waits until something holds. Throws what it waited for when that takes too long. */
export async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = performance.now() + patience
  for (;;) {
    const found = await condition()
    if (found) return found
    if (performance.now() > end) throw new Error(`Waited ${patience / 1000} s for ${what}`)
    await setImmediate()
  }
}
