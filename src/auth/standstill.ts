/** Milliseconds that the process may stand still before what it knew counts as old. */
const longest = 1_000
const heartbeat = 100

/** Notices that the process did not run for a while (SIGSTOP, a suspended machine), before it does anything else. */
export function watchStandstill(elapsed: () => number) {
  let lastBeat = elapsed()
  let count = 0

  function beat(): void {
    const now = elapsed()
    if (now - lastBeat > longest) count += 1
    lastBeat = now
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
