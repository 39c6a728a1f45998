const steps = 5

/**
 * Waits for promises so many milliseconds and no longer: then it rejects. Time is counted in steps that the event loop
 * takes between reading what has come, so that an answer is not late because this process was too busy to read it.
 */
export function createPatience(milliseconds: number) {
  let step = 0
  let ticking = false
  const waiting = new Set<{ since: number; giveUp: () => void }>()

  function tick(): void {
    step += 1
    // In the order of their coming.
    for (const { since, giveUp } of waiting) {
      if (step - since < steps) break
      giveUp()
    }
    ticking = false
    if (waiting.size > 0) start()
  }

  function start(): void {
    if (!ticking) setTimeout(tick, milliseconds / steps)
    ticking = true
  }

  return function patiently<T>(promise: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const one = { since: step, giveUp: () => reject(new Error(`no answer in ${milliseconds} ms`)) }
    waiting.add(one)
    start()
    return Promise.race([promise, late]).finally(() => waiting.delete(one))
  }
}
