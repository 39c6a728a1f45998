import type { Script } from '../../redis/redis.ts'

const kind = 'throttle'

/**
 * src/auth/throttle/throttle.ts in one step. Keys: near, far, the life of Redis. Arguments: the time, a life in case there is none,
 * the limits, and what the process knows of near and far: failures, next, until, and the life it has that from. Returns
 * the milliseconds to wait (0: let through), the life, the `next` of far before, then near's failures and next, and far's
 * failures, next and until.
 */
export const take: Script = {
  kind,
  lua: `
local now = tonumber(ARGV[1])
local life = redis.call('get', KEYS[3]) or ARGV[2]
local most, window, free, longest, failures, memory = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]),
  tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
redis.call('set', KEYS[3], life, 'px', 2 * memory)

local function read(key, at)
  local had = redis.call('hmget', key, 'failures', 'next', 'until')
  local row = {failures = tonumber(had[1]) or 0, next = tonumber(had[2]) or 0, ends = tonumber(had[3]) or 0}
  if row.ends < now then row = {failures = 0, next = 0, ends = 0} end
  if ARGV[at + 3] ~= life and tonumber(ARGV[at]) > 0 and tonumber(ARGV[at + 2]) > now then
    row.failures = math.max(row.failures, tonumber(ARGV[at]))
    row.next = math.max(row.next, tonumber(ARGV[at + 1]))
    row.ends = math.max(row.ends, tonumber(ARGV[at + 2]))
  end
  return row
end

local function write(key, row)
  if row.failures == 0 then return end
  local text = function(value) return string.format('%.0f', value) end
  redis.call('hset', key, 'failures', text(row.failures), 'next', text(row.next), 'until', text(row.ends))
  redis.call('pexpire', key, text(math.max(1, row.ends - now)))
end

local near, far, wait = read(KEYS[1], 9), read(KEYS[2], 13), 0
local before = far.next
if near.next <= now then near = {failures = 0, next = now + window} end
near.ends = near.next
if near.failures >= most then wait = near.next - now
elseif far.failures >= failures then wait = far.ends - now
elseif far.next > now then wait = far.next - now
else
  near.failures = near.failures + 1
  far.failures = far.failures + 1
  local cost = far.failures < free and 0 or math.min(longest, 1000 * 2 ^ (far.failures - free))
  far.next = now + cost
  far.ends = now + memory
end
write(KEYS[1], near)
write(KEYS[2], far)
return {wait, tonumber(life), before, near.failures, near.next, far.failures, far.next, far.ends}`
}

/** What `take` returns. */
export type Taken = [
  wait: number,
  life: number,
  before: number,
  nearFailures: number,
  nearNext: number,
  farFailures: number,
  farNext: number,
  farUntil: number
]

/** As if an attempt had not been. Keys: near, far. Arguments: the `next` of far after it and before. */
export const giveBack: Script = {
  kind,
  lua: `
for i, key in ipairs(KEYS) do
  local failures = tonumber(redis.call('hget', key, 'failures') or 0)
  if failures == 1 then redis.call('del', key) end
  if failures > 1 then
    redis.call('hset', key, 'failures', failures - 1)
    if i == 2 and redis.call('hget', key, 'next') == ARGV[1] then redis.call('hset', key, 'next', ARGV[2]) end
  end
end`
}

/** The row of failures has ended. */
export const forget: Script = { kind, lua: "redis.call('del', unpack(KEYS))" }
