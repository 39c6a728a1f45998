import type { Test } from 'tap'

/** Makes the time limits of fetches forty times as long until the test ends: a busy machine may need more than three seconds. */
export function fetchPatiently(t: Test): void {
  const { timeout } = AbortSignal
  t.capture(AbortSignal, 'timeout', (milliseconds: number) => timeout.call(AbortSignal, 40 * milliseconds))
}
