import type { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { withTimeout } from '../util/with-timeout.ts'

/** What a worker says: where it listens, or why it cannot. */
export interface Message {
  listening?: string
  failed?: string
}

/** A worker, as node:cluster has it. */
export interface Worker extends EventEmitter {
  process: { pid?: number | undefined; kill: (signal: 'SIGTERM' | 'SIGKILL') => unknown }
}

interface Log {
  info: (details: object, message: string) => void
  error: (details: object, message: string) => void
}

interface Options<W extends Worker> {
  /** Starts a worker at a place, 1 to `count`. */
  fork: (place: number) => W
  /** Told when one place only makes workers that fail. */
  giveUp: (error: Error) => void
  log: Log
  clock?: () => number
  /** Milliseconds before a worker that ended is replaced; doubled each time that it fails. */
  pause?: number
}

/** Milliseconds after which what ends a worker is no failure of the start. */
const youth = 10_000
/** So many failures one after the other are enough. */
const enough = 5

/** Starts as many workers, the first before the others, and another in the place of one that ends. */
export function startWorkers<W extends Worker>(
  count: number,
  { fork, giveUp, log, clock = Date.now, pause = 100 }: Options<W>
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
    log.info({ worker: place, pid: worker.process.pid }, 'worker')
    worker.on('message', (message: Message) => {
      const { listening } = message
      if (message.failed) reason = message.failed
      if (!listening || state !== 'starting') return
      state = 'running'
      first.resolve(listening)
      for (let other = 2; other <= count; other++) tryStart(other)
    })
    // One that could not be made (no process, no memory to be had) never exits.
    worker.on('error', (error: Error) => {
      reason = error.message
      if (worker.process.pid === undefined) ended(null, null)
    })
    worker.once('exit', ended)

    function ended(code: number | null, signal: string | null): void {
      workers.delete(place)
      if (state === 'starting') first.reject(new Error(reason ?? `The first worker ended (${signal ?? code}).`))
      if (workers.size === 0) allEnded.resolve()
      if (state !== 'running') return
      // Neither one that was told to end nor one that was killed has failed.
      const failed = clock() - begin < youth && code !== 0 && signal !== 'SIGKILL'
      log.error({ worker: place, code, signal, reason }, 'a worker ended')
      void replace(place, failed ? failures + 1 : 0)
    }
  }

  function tryStart(place: number, failures = 0): void {
    try {
      start(place, failures)
    } catch (err) {
      log.error({ worker: place, err }, 'no worker could be started')
      void replace(place, failures + 1)
    }
  }

  async function replace(place: number, failures: number): Promise<void> {
    if (failures >= enough)
      return giveUp(new Error(`Worker ${place} failed ${failures} times, each within ${youth / 1000} s of its start.`))
    await sleep(pause * 2 ** failures)
    if (state === 'running') tryStart(place, failures)
  }

  start(1)
  return {
    /** Where they listen; rejects where the first cannot. */
    first: first.promise,
    /** Those there are now, by place. */
    workers: workers as ReadonlyMap<number, W>,

    /** Ends all: each finishes what is in flight, or is killed after so many milliseconds, and then it rejects. */
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

/** What asks a process to end. */
export const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Closes at the first of these. A terminal or an init system sends them to all processes, npm and we once more. */
export function closeOnce(close: (signal: string) => void, events: EventEmitter = process): void {
  let told = false
  const once = (signal: string) => {
    if (!told) close(signal)
    told = true
  }
  for (const signal of signals) events.on(signal, once)
}
