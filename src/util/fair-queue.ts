interface Bounds {
  slots: number
  perKey: number
  waiting: number
}

/** Runs `slots` jobs at once, `perKey` of them per key, and lets `waiting` jobs of a key wait. Keys take turns (round robin). */
export function createFairQueue({ slots, perKey, waiting }: Bounds) {
  const running = new Map<string, number>()
  const queues = new Map<string, (() => void)[]>()
  let free = slots

  const mayRun = (key: string) => free > 0 && (running.get(key) ?? 0) < perKey

  function run(key: string, start: () => void): void {
    free -= 1
    running.set(key, (running.get(key) ?? 0) + 1)
    start()
  }

  function rotate(key: string, queue: (() => void)[]): void {
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
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
