interface Bounds {
  slots: number
  perKey: number
  waiting: number
}

const maxRememberedKeys = 1_000

/** Runs `slots` jobs at once, `perKey` of a key. The key that has used the least time is next (start-time fair queueing). */
export function createFairQueue({ slots, perKey, waiting }: Bounds, clock = () => performance.now()) {
  const startTimes = new Map<string, number[]>()
  const queues = new Map<string, (() => void)[]>()
  const usedMilliseconds = new Map<string, number>()
  let virtualTime = 0
  let free = slots

  const mayRun = (key: string) => free > 0 && (startTimes.get(key)?.length ?? 0) < perKey
  // A key that was idle gets no credit.
  const usedBy = (key: string) => Math.max(virtualTime, usedMilliseconds.get(key) ?? 0)

  function run(key: string, start: () => void): void {
    free -= 1
    virtualTime = usedBy(key)
    startTimes.set(key, [...(startTimes.get(key) ?? []), clock()])
    start()
  }

  function rotate(key: string, queue: (() => void)[]): void {
    queues.delete(key)
    if (queue.length > 0) queues.set(key, queue)
  }

  function chargeOldestJob(key: string): void {
    const [begin, ...others] = startTimes.get(key) as [number, ...number[]]
    if (others.length > 0) startTimes.set(key, others)
    else startTimes.delete(key)
    usedMilliseconds.set(key, usedBy(key) + clock() - begin)
    if (startTimes.size + queues.size === 0 || usedMilliseconds.size > maxRememberedKeys) usedMilliseconds.clear()
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
      chargeOldestJob(key)
      let next: string | undefined
      for (const key of queues.keys()) if (mayRun(key) && (next === undefined || usedBy(key) < usedBy(next))) next = key
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
