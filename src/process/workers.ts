import type { EventEmitter } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { withTimeout } from '../util/with-timeout.ts'

export interface Message {
  listening?: string
  failed?: string
}

export interface Worker extends EventEmitter {
  process: { pid?: number | undefined; kill: (signal: 'SIGTERM' | 'SIGKILL') => unknown }
}

interface Log {
  info: (details: object, message: string) => void
  error: (details: object, message: string) => void
}

interface Options<W extends Worker> {
  fork: (place: number) => W
  giveUp: (error: Error) => void
  log: Log
  clock?: () => number
  sleep?: (milliseconds: number) => Promise<unknown>
}

/** Milliseconds. A worker that ends earlier failed to start. */
const startTime = 10_000
const maxFailures = 5

/** Milliseconds before an ended worker is replaced; doubled for each failure. */
const pause = 100

/** Starts workers, the first one alone, and replaces those that end. */
export function startWorkers<W extends Worker>(
  count: number,
  { fork, giveUp, log, clock = Date.now, sleep = setTimeout }: Options<W>
) {
  const workers = new Map<number, W>()
  const first = Promise.withResolvers<string>()
  const allEnded = Promise.withResolvers<void>()
  let state: 'starting' | 'running' | 'closing' = 'starting'

  function start(place: number, failures = 0): void {
    const begin = clock()
    const worker = fork(place)
    let reason: string | undefined
    workers.set(place, worker)
    log.info({ worker: place, pid: worker.process.pid }, 'worker started')
    worker.on('message', (message: Message) => {
      const { listening } = message
      if (message.failed) reason = message.failed
      if (!listening || state !== 'starting') return
      state = 'running'
      first.resolve(listening)
      for (let other = 2; other <= count; other++) tryStart(other)
    })
    // A worker that could not be created (out of processes or memory) emits no exit event.
    worker.on('error', (error: Error) => {
      reason = error.message
      if (worker.process.pid === undefined) ended(null, null)
    })
    worker.once('exit', ended)

    function ended(code: number | null, signal: string | null): void {
      workers.delete(place)
      if (state === 'starting') first.reject(new Error(reason ?? `The first worker ended (${signal ?? code}).`))
      // Not before: all may end at once, and be replaced.
      if (state === 'closing' && workers.size === 0) allEnded.resolve()
      if (state !== 'running') return
      // A worker that ended normally or was killed has not failed.
      const failed = clock() - begin < startTime && code !== 0 && signal !== 'SIGKILL'
      log.error({ worker: place, code, signal, reason }, 'a worker ended')
      void replace(place, failed ? failures + 1 : 0)
    }
  }

  function tryStart(place: number, failures = 0): void {
    try {
      start(place, failures)
    } catch (err) {
      log.error({ worker: place, err }, 'could not start a worker')
      void replace(place, failures + 1)
    }
  }

  async function replace(place: number, failures: number): Promise<void> {
    if (failures >= maxFailures)
      return giveUp(
        new Error(`Worker ${place} failed ${failures} times, each within ${startTime / 1000} s of its start.`)
      )
    await sleep(pause * 2 ** failures)
    if (state === 'running') tryStart(place, failures)
  }

  start(1)
  return {
    /** The origin of the first worker; rejects if it fails. */
    first: first.promise,
    workers: workers as ReadonlyMap<number, W>,

    /** Ends all workers. Kills those that have not finished after `patience` milliseconds, and then rejects. */
    async close(patience: number): Promise<void> {
      state = 'closing'
      for (const worker of workers.values()) worker.process.kill('SIGTERM')
      if (workers.size === 0) return
      await withTimeout(patience, allEnded.promise).catch((error) => {
        for (const [place, { process }] of workers) {
          log.error({ worker: place, pid: process.pid }, 'a worker did not close in time')
          process.kill('SIGKILL')
        }
        throw error
      })
    }
  }
}

export const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Closes at the first signal only: a terminal or an init system signals all processes, and npm forwards the signal again. */
export function closeOnce(close: (signal: string) => void, events: EventEmitter = process): void {
  let told = false
  const once = (signal: string) => {
    if (!told) close(signal)
    told = true
  }
  for (const signal of signals) events.on(signal, once)
}
