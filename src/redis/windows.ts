import { randomInt } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Script, SharedCounts } from './redis.ts'

/** At most `max` counts in a window of `length` milliseconds, which begins with the first count. */
export interface Limit {
  name: string
  max: number
  length: number
}

interface Window {
  count: number
  end: number
  /** The epoch of Redis, which it loses with its data; 0 if a part of the count was counted in this process only. */
  epoch: number
}

export interface Counted {
  /** Milliseconds until the full window ends; 0 if no window was full. */
  wait: number
  /** Of the first window; `ttl` in milliseconds. */
  count: number
  ttl: number
  giveBack: () => void
}

const epoch = 'epoch'

// `countHere` as one atomic step. Keys: the epoch, the windows. Arguments: an epoch in case there is none; for each window its
// length and max, and what the process knows of it (count, milliseconds left, epoch). Returns the epoch, the number of the full
// window or 0, and for each window its count and the milliseconds left.
const countLua = `
local epoch = redis.call('get', KEYS[1]) or ARGV[1]
redis.call('set', KEYS[1], epoch, 'px', 172800000)
local reply, full = {tonumber(epoch), 0}, 0
for i = 2, #KEYS do
  local at = 5 * i - 8
  local length, max = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local known, knownLeft = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local count, left = tonumber(redis.call('get', KEYS[i]) or 0), redis.call('pttl', KEYS[i])
  if left <= 0 then count, left = 0, length end
  if known > count and knownLeft > 0 and ARGV[at + 4] ~= epoch then count, left = known, knownLeft end
  if full == 0 and count >= max then full = i - 1 end
  if full == 0 then count = count + 1 end
  if count > 0 then redis.call('set', KEYS[i], count, 'px', left) end
  reply[#reply + 1], reply[#reply + 2] = count, left
end
reply[2] = full
return reply`

const giveBackLua = `
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('get', key) or 0) > 0 then redis.call('decr', key) end
end`

interface Options {
  kind: string
  maxEntries: number
  clock?: () => number
}

/** Counts in fixed windows, across processes with Redis, and continues from the last known counts when Redis is down or empty. */
export function createWindows(shared: SharedCounts | undefined, { kind, maxEntries, clock = Date.now }: Options) {
  const windows = new LRUCache<string, Window>(bounded(maxEntries))
  const raise: Script = { kind, lua: countLua }
  const lower: Script = { kind, lua: giveBackLua }

  function windowOf({ name, length }: Limit): Window {
    const known = windows.get(name)
    return known && known.end > clock() ? known : { count: 0, end: clock() + length, epoch: 0 }
  }

  function countHere(limits: readonly Limit[]): number {
    for (const [i, limit] of limits.entries()) {
      const window = windowOf(limit)
      if (window.count >= limit.max) return i + 1
      windows.set(limit.name, { ...window, count: window.count + 1, epoch: 0 })
    }
    return 0
  }

  async function countThere(limits: readonly Limit[]): Promise<number> {
    const known = limits.flatMap((limit) => {
      const { count, end, epoch } = windowOf(limit)
      return [limit.length, limit.max, count, end - clock(), epoch]
    })
    const names = limits.map(({ name }) => name)
    const said = await shared?.run(raise, [epoch, ...names], [randomInt(1, 2 ** 47), ...known])
    if (!said) return countHere(limits)
    const [theirEpoch = 0, full = 0, ...counts] = said
    for (const [i, name] of names.entries())
      windows.set(name, { count: Number(counts[2 * i]), end: clock() + Number(counts[2 * i + 1]), epoch: theirEpoch })
    return full
  }

  /** `isFinal`: the caller never gives back, so Redis is not asked about windows that are known to be full. */
  async function count(limits: readonly [Limit, ...Limit[]], { isFinal = false } = {}): Promise<Counted> {
    const isKnown = !shared || (isFinal && limits.some((limit) => windowOf(limit).count >= limit.max))
    const full = isKnown ? countHere(limits) : await countThere(limits)
    const left = (limit: Limit) => windowOf(limit).end - clock()
    const counted = (full ? limits.slice(0, full - 1) : limits).map(({ name }) => name)
    const last = limits[full - 1]
    return {
      wait: last ? left(last) : 0,
      count: windowOf(limits[0]).count,
      ttl: left(limits[0]),
      giveBack() {
        for (const name of counted) {
          const window = windows.get(name)
          if (window && window.count > 1) windows.set(name, { ...window, count: window.count - 1 })
          else windows.delete(name)
        }
        if (counted.length > 0) shared?.send(lower, counted, [])
      }
    }
  }

  return { count }
}

export type Windows = ReturnType<typeof createWindows>
