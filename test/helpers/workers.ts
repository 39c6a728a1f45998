import { EventEmitter, once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { startWorkers, type Worker } from '../../src/process/workers.ts'
import { captureLog } from './log.ts'

/** A worker controlled by the test. */
export class FakeWorker extends EventEmitter implements Worker {
  readonly place: number
  readonly signals: string[] = []
  readonly process = { pid: 7 as number | undefined, kill: (signal: string) => this.signals.push(signal) }
  constructor(place: number) {
    super()
    this.place = place
  }
}

/** Workers without processes, and a manual clock. */
export function startFakeWorkers(count: number) {
  let refusals = 0
  let now = 0
  const forked = new EventEmitter()
  const workers: FakeWorker[] = []
  const hopeless: Error[] = []
  const { log, lines } = captureLog()
  const fork = (place: number) => {
    if (refusals > 0) {
      refusals -= 1
      throw new Error('no process')
    }
    const worker = new FakeWorker(place)
    workers.push(worker)
    forked.emit('worker', worker)
    return worker
  }
  const giveUp = (error: Error) => {
    hopeless.push(error)
    forked.emit('hopeless')
  }
  const pauses: number[] = []
  const sleep = (milliseconds: number) => {
    pauses.push(milliseconds)
    return setImmediate()
  }
  const all = startWorkers(count, { fork, giveUp, log, clock: () => now, sleep })
  const next = async (): Promise<FakeWorker> => (await once(forked, 'worker'))[0]
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  /** Makes the next forks fail. */
  const refuse = (count: number) => {
    refusals = count
  }
  const last = () => workers.at(-1) as FakeWorker
  return { refuse, all, workers, hopeless, lines, next, pass, pauses, forked, last }
}

export const listening = { listening: 'http://127.0.0.1:8000' }
