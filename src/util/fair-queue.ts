interface Bounds {
  slots: number
  /** How many of one key run at once. */
  perKey: number
  /** How many of one key may wait. */
  waiting: number
}

/**
 * Runs up to `slots` jobs at once. Each key has its own queue, and the queues take turns (round robin), so that one
 * key's jobs delay another key only by those that already run.
 */
export function createFairQueue({ slots, perKey, waiting }: Bounds) {
  const running = new Map<string, number>()
  /** Queues by key, the next key first. */
  const queues = new Map<string, (() => void)[]>()
  let free = slots

  const mayRun = (key: string) => free > 0 && (running.get(key) ?? 0) < perKey

  function run(key: string, start: () => void): void {
    free -= 1
    running.set(key, (running.get(key) ?? 0) + 1)
    start()
  }

  /** Moves a key to the end, or removes it if its queue is empty. */
  function rotate(key: string, queue: (() => void)[]): void {
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
  }

  return {
    /** Calls `start` when a slot is free, possibly at once. Returns false if too many of the key wait. */
    enter(key: string, start: () => void): boolean {
      const queue = queues.get(key) ?? []
      if (mayRun(key)) run(key, start)
      else if (queue.length >= waiting) return false
      else queues.set(key, queue.concat(start))
      return true
    },

    /** Removes a waiting job. */
    abandon(key: string, start: () => void): void {
      const queue = queues.get(key) ?? []
      rotate(
        key,
        queue.filter((other) => other !== start)
      )
    },

    /** Frees the slot of a job that has started. */
    leave(key: string): void {
      free += 1
      const left = (running.get(key) as number) - 1
      if (left > 0) running.set(key, left)
      else running.delete(key)
      const [next, queue] = [...queues].find(([other]) => mayRun(other)) ?? []
      const [start, ...others] = queue ?? []
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
