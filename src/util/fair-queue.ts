interface Bounds {
  slots: number
  perKey: number
  waiting: number
}

interface Key {
  /** When its jobs began, the oldest first. */
  running: number[]
  waiting: (() => void)[]
  usedMilliseconds: number
}

const maxRememberedKeys = 1_000

/** Runs `slots` jobs at once, `perKey` of a key. The key that has used the least time is next (start-time fair queueing). */
export function createFairQueue({ slots, perKey, waiting: maxWaiting }: Bounds, clock = () => performance.now()) {
  // Keys stay, and change in place: to set and delete an entry of an old Map for each job would leave 200 bytes a job in V8's old
  // space, because a Map that is rebuilt stays in its space.
  const keys = new Map<string, Key>()
  const inLine: Key[] = []
  let maxKeys = maxRememberedKeys
  // Time used by the key of the job that began last, and the longest time of any key.
  let virtualTime = 0
  let latest = 0
  let free = slots

  const mayRun = ({ running }: Key) => free > 0 && running.length < perKey
  // A key that was idle gets no credit.
  const usedBy = ({ usedMilliseconds }: Key) => Math.max(virtualTime, usedMilliseconds)

  function forgetIdle(): void {
    for (const [name, { running, waiting }] of keys) if (running.length + waiting.length === 0) keys.delete(name)
    maxKeys = Math.max(maxRememberedKeys, 2 * keys.size)
  }

  function keyOf(name: string): Key {
    const known = keys.get(name)
    if (known) return known
    if (keys.size >= maxKeys) forgetIdle()
    const key = { running: [], waiting: [], usedMilliseconds: 0 }
    keys.set(name, key)
    return key
  }

  function run(key: Key, start: () => void): void {
    free -= 1
    virtualTime = usedBy(key)
    key.running.push(clock())
    start()
  }

  function leaveLine(key: Key): void {
    const place = inLine.indexOf(key)
    if (place >= 0) inLine.splice(place, 1)
  }

  function chargeOldestJob(key: Key): void {
    key.usedMilliseconds = usedBy(key) + clock() - Number(key.running.shift())
    latest = Math.max(latest, key.usedMilliseconds)
    // All keys begin equal again.
    if (free === slots && inLine.length === 0) virtualTime = latest
  }

  return {
    enter(name: string, start: () => void): boolean {
      const key = keyOf(name)
      if (mayRun(key)) run(key, start)
      else if (key.waiting.length >= maxWaiting) return false
      else if (key.waiting.push(start) === 1) inLine.push(key)
      return true
    },

    abandon(name: string, start: () => void): void {
      const key = keyOf(name)
      key.waiting = key.waiting.filter((other) => other !== start)
      if (key.waiting.length === 0) leaveLine(key)
    },

    leave(name: string): void {
      free += 1
      chargeOldestJob(keyOf(name))
      let next: Key | undefined
      for (const key of inLine) if (mayRun(key) && (next === undefined || usedBy(key) < usedBy(next))) next = key
      const start = next?.waiting.shift()
      if (next === undefined || start === undefined) return
      leaveLine(next)
      if (next.waiting.length > 0) inLine.push(next)
      run(next, start)
    },

    get running(): number {
      return slots - free
    },

    get waiting(): number {
      return inLine.reduce((sum, { waiting }) => sum + waiting.length, 0)
    }
  }
}

export type FairQueue = ReturnType<typeof createFairQueue>
