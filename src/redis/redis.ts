import { createHmac, hash, hkdfSync } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Secret } from '../config/secrets.ts'

export interface Script {
  kind: string
  lua: string
}

export interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

export interface RedisTimes {
  commandTimeout?: number
  retryInterval?: number
}

/** Also writes, so that a full Redis or a read-only replica counts as down. */
const probe = "redis.call('set', KEYS[1], 1, 'px', 1000)"

/** Opens counters that processes share in Redis or Valkey. While it is down, only a probe is sent, every `retryInterval` ms. */
export function openRedis(
  url: string,
  secrets: readonly Secret[],
  log: Log,
  { commandTimeout = 200, retryInterval = 500 }: RedisTimes = {}
) {
  const [{ secret } = { secret: '' }] = secrets
  const hashKey = Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse shared counts', 32))
  // Hashed, because names may contain addresses and emails.
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
    // A command that this process has counted locally must not reach Redis later as well.
    autoResendUnfulfilledCommands: false,
    connectTimeout: 1_000,
    commandTimeout,
    socketTimeout: 10_000,
    retryStrategy: () => retryInterval
  })

  async function execute({ kind, lua }: Script, names: string[], args: number[]): Promise<unknown> {
    const rest = [...names.map((name) => keyOf(kind, name)), ...args]
    try {
      return await client.evalsha(hash('sha1', lua), names.length, ...rest)
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      return client.eval(lua, names.length, ...rest)
    }
  }

  function fail({ message }: Error): void {
    // Redis repeats an unknown command with its arguments, also those of AUTH.
    const reason = message.replace(/,? with args .*/s, '')
    if (state === 'new' || state === 'up')
      log.warn({ reason }, 'Redis is unavailable: each process counts limits and throttling by itself')
    if (state !== 'closed') state = 'down'
  }

  let isProbing = false

  // One at a time: a late answer to an earlier probe would be out of date.
  async function probeRedis(): Promise<void> {
    if (isProbing) return
    isProbing = true
    try {
      await execute({ kind: 'probe', lua: probe }, [''], [])
      if (state === 'closed') return
      if (state !== 'up') log.info({}, 'Redis is available: all processes share limits and throttling')
      state = 'up'
    } catch (error) {
      fail(error as Error)
    } finally {
      isProbing = false
    }
  }

  const timer = setInterval(() => state === 'down' && probeRedis(), retryInterval).unref()
  client.on('error', fail)
  client.on('close', () => fail(new Error('connection closed')))
  client.on('ready', probeRedis)

  return {
    /** Returns the script's result, or undefined while Redis is down or after `commandTimeout`. */
    async run(script: Script, names: string[], args: number[]): Promise<number[] | undefined> {
      if (state !== 'up') return undefined
      try {
        return (await execute(script, names, args)) as number[]
      } catch (error) {
        fail(error as Error)
        return undefined
      }
    },

    /** Sends a script without waiting. Redis runs it after earlier commands, even those that timed out. */
    send(script: Script, names: string[], args: number[]): void {
      execute(script, names, args).catch(() => {})
    },

    close(): void {
      state = 'closed'
      clearInterval(timer)
      client.disconnect()
    }
  }
}

export type SharedCounts = ReturnType<typeof openRedis>
