interface Bounds {
  /** How many run at once. */
  slots: number
  /** How many of them may be of one key. */
  perKey: number
  /** How many of one key may wait. */
  waiting: number
}

/**
 * Lets `slots` run at once. The others wait behind those of their own key, and the keys take turns, so that many of one key delay another
 * key by what runs already and no more.
 */
export function createFairQueue({ slots, perKey, waiting }: Bounds) {
  const running = new Map<string, number>()
  /** Those who wait, by key; the key whose turn is next comes first. */
  const queues = new Map<string, (() => void)[]>()
  let free = slots

  const mayRun = (key: string) => free > 0 && (running.get(key) ?? 0) < perKey

  function run(key: string, start: () => void): void {
    free -= 1
    running.set(key, (running.get(key) ?? 0) + 1)
    start()
  }

  /** Puts the key behind the others, or away if nobody of it waits. */
  function rotate(key: string, queue: (() => void)[]): void {
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
  }

  return {
    /** Calls `start` when it is its turn: at once if nobody is before it. Returns false if too many of its key wait. */
    enter(key: string, start: () => void): boolean {
      const queue = queues.get(key) ?? []
      if (mayRun(key)) run(key, start)
      else if (queue.length >= waiting) return false
      else queues.set(key, queue.concat(start))
      return true
    },

    /** Waits no longer. */
    abandon(key: string, start: () => void): void {
      const queue = queues.get(key) ?? []
      rotate(
        key,
        queue.filter((other) => other !== start)
      )
    },

    /** Ends what `start` began. */
    leave(key: string): void {
      free += 1
      const left = (running.get(key) ?? 0) - 1
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
