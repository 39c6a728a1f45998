import { LRUCache } from 'lru-cache'
import { bounded } from '../util/bounded.ts'
import type { Script, SharedCounts } from './redis.ts'

/** Counts one more; what this process has seen counts even if Redis has lost it. */
const count: Script = {
  kind: 'limit',
  lua: `
local window, seen, seenLeft = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local current = tonumber(redis.call('get', KEYS[1]) or 0)
local left = redis.call('pttl', KEYS[1])
if left <= 0 then current, left = 0, (seen > 0 and seenLeft or window) end
current = math.max(current, seen) + 1
redis.call('set', KEYS[1], current, 'px', left)
return {current, left}`
}

interface Window {
  count: number
  /** In milliseconds since 1970. */
  end: number
}

/**
 * Counts in windows of time that begin with the first one counted, over all processes. What was last known of each
 * (of so many at most, `remembered`) is kept here, and counted on where Redis is away.
 */
export function createWindows(shared: SharedCounts, remembered: number) {
  const windows = new LRUCache<string, Window>(bounded(remembered))

  function look(name: string, length: number, now: number): Window {
    const known = windows.get(name)
    return known && known.end > now ? known : { count: 0, end: now + length }
  }

  /** Counts one more under a name; returns how many there are, and the milliseconds to the window's end. */
  return async function increase(name: string, length: number, max: number) {
    const asked = Date.now()
    const known = look(name, length, asked)
    // A flood of one address is not handed on.
    if (known.count > max) return { current: known.count, ttl: known.end - asked }
    const said = await shared.run(count, [name], [length, known.count, known.end - asked])
    const now = Date.now()
    const { count: counted, end } = look(name, length, now)
    const [current = counted + 1, ttl = end - now] = said ?? []
    windows.set(name, { count: current, end: now + ttl })
    return { current, ttl }
  }
}
