/** Milliseconds without a heartbeat that count as a standstill; a busy moment is shorter. */
const longest = 200
const heartbeat = 50

/**
 * Detects that the process did not run for a while (SIGSTOP, a suspended machine), before other code runs. `clocks`
 * return milliseconds; on Linux the monotonic clock misses a suspended machine, the time of day does not.
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
    /** How many standstills there were. */
    count(): number {
      beat()
      return count
    },
    stop: () => clearInterval(timer)
  }
}
