// Milliseconds; a busy moment is shorter.
const longest = 200
const heartbeat = 50

/** Detects that the process stood still (SIGSTOP). On Linux only the time of day shows that the machine was suspended. */
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
    count(): number {
      beat()
      return count
    },
    stop: () => clearInterval(timer)
  }
}
