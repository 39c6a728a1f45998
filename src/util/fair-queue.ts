interface Bounds {
  slots: number
  perKey: number
  waiting: number
}

/** Keys whose use of time is remembered; then all start anew. */
const maxRemembered = 1_000

/**
 * Runs `slots` jobs at once, `perKey` of them per key, and lets `waiting` jobs of a key wait. The next job is of the key
 * that has used the least time (start-time fair queueing) since the queue was last idle, so that a key with long jobs does not delay those with short
 * ones. Keys that have used the same take turns. A key that was idle has no credit. `clock` returns monotonic milliseconds.
 */
export function createFairQueue({ slots, perKey, waiting }: Bounds, clock = () => performance.now()) {
  /** When each running job of a key began. */
  const running = new Map<string, number[]>()
  const queues = new Map<string, (() => void)[]>()
  /** Milliseconds that each key has used, and those of the job that was started last. */
  const used = new Map<string, number>()
  let latest = 0
  let free = slots

  const mayRun = (key: string) => free > 0 && (running.get(key)?.length ?? 0) < perKey
  const usedBy = (key: string) => Math.max(latest, used.get(key) ?? 0)

  function run(key: string, start: () => void): void {
    free -= 1
    latest = usedBy(key)
    running.set(key, [...(running.get(key) ?? []), clock()])
    start()
  }

  function rotate(key: string, queue: (() => void)[]): void {
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
  }

  /** Books the time of the job of this key that began first. */
  function book(key: string): void {
    const [begin = 0, ...others] = running.get(key) ?? []
    if (others.length > 0) running.set(key, others)
    else running.delete(key)
    used.set(key, usedBy(key) + clock() - begin)
    if (running.size + queues.size === 0 || used.size > maxRemembered) used.clear()
  }

  return {
    enter(key: string, start: () => void): boolean {
      const queue = queues.get(key) ?? []
      if (mayRun(key)) run(key, start)
      else if (queue.length >= waiting) return false
      else queues.set(key, queue.concat(start))
      return true
    },

    abandon(key: string, start: () => void): void {
      const queue = queues.get(key) ?? []
      rotate(
        key,
        queue.filter((other) => other !== start)
      )
    },

    leave(key: string): void {
      free += 1
      book(key)
      const [next] = [...queues.keys()].filter(mayRun).sort((one, other) => usedBy(one) - usedBy(other))
      const [start, ...others] = (next !== undefined && queues.get(next)) || []
      if (next === undefined || start === undefined) return
      rotate(next, others)
      run(next, start)
    },

    get running(): number {
      return slots - free
    },

    get waiting(): number {
      return [...queues.values()].reduce((sum, queue) => sum + queue.length, 0)
    }
  }
}

export type FairQueue = ReturnType<typeof createFairQueue>
