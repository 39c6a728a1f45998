import { randomInt } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Script, SharedCounts } from './redis.ts'

/** At most `max` in a window of `length` milliseconds that begins with the first one counted. */
export interface Limit {
  name: string
  max: number
  length: number
}

interface Window {
  count: number
  /** In milliseconds since 1970. */
  end: number
  /** The life of Redis that has counted all of it; 0 where some was counted here alone. */
  life: number
}

export interface Counted {
  /** Milliseconds until the window that was full ends; 0 where all had room. */
  wait: number
  /** How many are counted in the first window, and the milliseconds until it ends. */
  count: number
  ttl: number
  /** As if it had not been counted. */
  giveBack: () => void
}

/** Under which Redis keeps the number of its life: it is gone where Redis has lost everything. */
const life = 'life'

/**
 * `countHere` in one step. Keys: the life of Redis, and the windows. Arguments: a life in case there is none; for each window
 * its length and max, and what the process knows: count, milliseconds left, and the life it has that from. Returns the
 * life, the number of the window that was full (0: none), and count and milliseconds left of each.
 */
const countLua = `
local life = redis.call('get', KEYS[1]) or ARGV[1]
redis.call('set', KEYS[1], life, 'px', 172800000)
local reply, full = {tonumber(life), 0}, 0
for i = 2, #KEYS do
  local at = 5 * i - 8
  local length, max = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local known, knownLeft = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local count, left = tonumber(redis.call('get', KEYS[i]) or 0), redis.call('pttl', KEYS[i])
  if left <= 0 then count, left = 0, length end
  if known > count and knownLeft > 0 and ARGV[at + 4] ~= life then count, left = known, knownLeft end
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
  /** A word in the names of the keys. */
  kind: string
  /** So many windows are kept here at most. */
  remembered: number
  clock?: () => number
}

/**
 * Counts in windows of time, in this process or, with Redis, over all. What was last known of each window is kept here: where
 * Redis is away each process counts on from that, and what Redis has lost it is told with the next one.
 */
export function createWindows(shared: SharedCounts | undefined, { kind, remembered, clock = Date.now }: Options) {
  const windows = new LRUCache<string, Window>(bounded(remembered))
  const raise: Script = { kind, lua: countLua }
  const lower: Script = { kind, lua: giveBackLua }

  function look({ name, length }: Limit): Window {
    const known = windows.get(name)
    return known && known.end > clock() ? known : { count: 0, end: clock() + length, life: 0 }
  }

  /** Counts one in each window in turn, until one is full. Returns the number of that one, or 0. */
  function countHere(limits: readonly Limit[]): number {
    for (const [i, limit] of limits.entries()) {
      const window = look(limit)
      if (window.count >= limit.max) return i + 1
      windows.set(limit.name, { ...window, count: window.count + 1, life: 0 })
    }
    return 0
  }

  async function countThere(limits: readonly Limit[]): Promise<number> {
    const known = limits.flatMap((limit) => {
      const { count, end, life } = look(limit)
      return [limit.length, limit.max, count, end - clock(), life]
    })
    const names = limits.map(({ name }) => name)
    const said = await shared?.run(raise, [life, ...names], [randomInt(1, 2 ** 47), ...known])
    if (!said) return countHere(limits)
    const [theirLife = 0, full = 0, ...counts] = said
    for (const [i, name] of names.entries())
      windows.set(name, { count: Number(counts[2 * i]), end: clock() + Number(counts[2 * i + 1]), life: theirLife })
    return full
  }

  /**
   * Counts one in each window in turn, until one is full. With `isFinal`, where nothing is given back, Redis is not asked about
   * windows that are known to be full.
   */
  async function count(limits: readonly [Limit, ...Limit[]], { isFinal = false } = {}): Promise<Counted> {
    const isKnown = !shared || (isFinal && limits.some((limit) => look(limit).count >= limit.max))
    const full = isKnown ? countHere(limits) : await countThere(limits)
    const left = (limit: Limit) => look(limit).end - clock()
    const counted = (full ? limits.slice(0, full - 1) : limits).map(({ name }) => name)
    const last = limits[full - 1]
    return {
      wait: last ? left(last) : 0,
      count: look(limits[0]).count,
      ttl: left(limits[0]),
      giveBack() {
        for (const name of counted) {
          const window = windows.get(name)
          if (window && window.count > 1) windows.set(name, { ...window, count: window.count - 1 })
          else windows.delete(name)
        }
        if (counted.length > 0) shared?.tell(lower, counted, [])
      }
    }
  }

  return { count }
}

export type Windows = ReturnType<typeof createWindows>
