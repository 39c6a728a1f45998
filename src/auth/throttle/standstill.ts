/** Milliseconds that the process may stand still before what it knew counts as old; a busy moment is no longer. */
const longest = 200
const heartbeat = 50

/**
 * Notices that the process did not run for a while, before it does anything else. By several `clocks`, in milliseconds:
 * the monotonic one sees a SIGSTOP but on Linux not a suspended machine, which the time of day does.
 */
export function watchStandstill(clocks: readonly (() => number)[]) {
  const beats = clocks.map((read) => ({ read, last: read() }))
  let count = 0

  function beat(): void {
    let stoodStill = false
    for (const clock of beats) {
      const now = clock.read()
      if (now - clock.last > longest) stoodStill = true
      clock.last = now
    }
    if (stoodStill) count += 1
  }
  const timer = setInterval(beat, heartbeat).unref()

  return {
    /** How often it stood still so far. */
    count(): number {
      beat()
      return count
    },
    stop: () => clearInterval(timer)
  }
}
