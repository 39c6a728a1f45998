import { createHmac, hash, hkdfSync } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Secret } from '../config/secrets.ts'

/** Something that Redis does in one go. Its arguments and what it returns are numbers. */
export interface Script {
  /** A word in the names of its keys. */
  kind: string
  lua: string
}

export interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/** In milliseconds. */
export interface Patience {
  patience?: number
  pause?: number
}

/** What may be asked of Redis, and writes, so that one that is full or a replica does not pass for well. */
const probe = "redis.call('set', KEYS[1], 1, 'px', 1000)"

/**
 * What processes count together, in Redis or Valkey. Nobody waits long for it: an answer that takes longer than
 * `patience` (milliseconds) is none, and from then on nothing is asked but whether it is back, every `pause`. Keys are
 * keyed hashes of names, which may hold addresses and emails.
 */
export function openRedis(
  url: string,
  secrets: readonly Secret[],
  log: Log,
  { patience = 200, pause = 500 }: Patience = {}
) {
  const [{ secret } = { secret: '' }] = secrets
  const hashKey = Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse shared counts', 32))
  const keyOf = (kind: string, name: string) =>
    `gatehouse:${kind}:${createHmac('sha256', hashKey).update(name).digest('base64url')}`
  let state: 'new' | 'up' | 'down' | 'closed' = 'new'
  const client = new Redis(url, {
    connectionName: 'gatehouse',
    protocol: 2,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 1,
    // What was counted here must not be counted there as well, later.
    autoResendUnfulfilledCommands: false,
    connectTimeout: 1_000,
    commandTimeout: patience,
    // A connection that leads nowhere any more is given up.
    socketTimeout: 10_000,
    retryStrategy: () => pause
  })

  async function send({ kind, lua }: Script, names: string[], args: number[]): Promise<unknown> {
    const rest = [...names.map((name) => keyOf(kind, name)), ...args]
    try {
      return await client.evalsha(hash('sha1', lua), names.length, ...rest)
    } catch (error) {
      // It was started anew.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      return client.eval(lua, names.length, ...rest)
    }
  }

  function fail({ message }: Error): void {
    // An unknown command is repeated with its arguments, AUTH too.
    const reason = message.replace(/,? with args .*/s, '')
    if (state === 'new' || state === 'up') log.warn({ reason }, 'no Redis: limits and throttling count in each process')
    if (state !== 'closed') state = 'down'
  }

  let asking = false

  /** One question at a time: the late answer to an earlier one would be news of the past. */
  async function ask(): Promise<void> {
    if (asking) return
    asking = true
    try {
      await send({ kind: 'probe', lua: probe }, [''], [])
      if (state === 'closed') return
      if (state !== 'up') log.info({}, 'Redis counts for all processes')
      state = 'up'
    } catch (error) {
      fail(error as Error)
    } finally {
      asking = false
    }
  }

  const timer = setInterval(() => state === 'down' && ask(), pause).unref()
  client.on('error', fail)
  client.on('close', () => fail(new Error('connection closed')))
  client.on('ready', ask)

  return {
    /** What a script returns; undefined at once while Redis is away, and after `patience` when it just went. */
    async run(script: Script, names: string[], args: number[]): Promise<number[] | undefined> {
      if (state !== 'up') return undefined
      try {
        return (await send(script, names, args)) as number[]
      } catch (error) {
        fail(error as Error)
        return undefined
      }
    },

    /** Has a script run, if it can be, after what was sent before: even that to which no answer came in time. */
    tell(script: Script, names: string[], args: number[]): void {
      send(script, names, args).catch(() => {})
    },

    close(): void {
      state = 'closed'
      clearInterval(timer)
      client.disconnect()
    }
  }
}

export type SharedCounts = ReturnType<typeof openRedis>
