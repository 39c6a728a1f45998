import { problems } from '../../http/problems.ts'
import { createUsage } from './usage.ts'

const defaultWait = 2_000
const waitingPerRunner = 64
// Recent use, in runs, above which an address leaves one runner to others, because a run cannot be interrupted.
const budget = 10
const maxIdle = 100
// Milliseconds for the response of the login that asks for an idle job: a hash beside it would delay it, and so reveal the job.
const answerTime = 100
const retryAfter = () => 2 + Math.floor(Math.random() * 4)

interface Job {
  address: string
  handicap: number
  start: () => void
  refuse: (error: Error) => void
}

export interface Turn {
  /** Charges the address only a tenth of the time used. */
  discount: () => void
}

interface Options {
  concurrency: number
  estimate: number
  limitAddresses: boolean
  /** Milliseconds. */
  maxWait?: number | undefined
  clock?: (() => number) | undefined
}

/** Runs jobs of the addresses with the least recent use first. When the queue is full, refuses the job with the most. */
export function createHashQueue({
  concurrency,
  estimate,
  limitAddresses,
  maxWait = defaultWait,
  clock = () => performance.now()
}: Options) {
  const usage = createUsage(clock)
  const waiting = new Set<Job>()
  const idle = new Map<string, () => Promise<unknown>>()
  let running = 0
  let average = estimate

  const perAddress = () =>
    limitAddresses ? Math.min(32, Math.max(4, Math.round((concurrency * maxWait) / average))) : Number.POSITIVE_INFINITY

  const rankOf = ({ address, handicap }: Job) => usage.of(address) + handicap * average

  // The next one first. The sort is stable, so equal ranks keep their order of arrival.
  const inOrder = () =>
    Array.from(waiting, (job) => ({ job, rank: rankOf(job) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ job }) => job)

  const mayRun = (address: string) =>
    running < (usage.of(address) > budget * average ? Math.max(1, concurrency - 1) : concurrency)

  function next(): void {
    const job = inOrder().find(({ address }) => mayRun(address))
    const [waitingIdle] = idle
    if (job) job.start()
    else if (waitingIdle && waiting.size === 0) {
      const [key, work] = waitingIdle
      idle.delete(key)
      running += 1
      void work().finally(() => {
        running -= 1
        next()
      })
    }
  }

  function begin(address: string): void {
    running += 1
    usage.add(address, average)
  }

  function takeTurn(address: string, handicap: number): Promise<void> {
    if (mayRun(address)) return Promise.resolve(begin(address))
    const mine = Array.from(waiting).filter((job) => job.address === address).length
    if (mine >= perAddress()) return Promise.reject(problems.tooManyRequests(retryAfter()))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      waiting.delete(job)
      clearTimeout(timer)
    }
    const job: Job = {
      address,
      handicap,
      start() {
        leave()
        begin(address)
        resolve()
      },
      refuse(error) {
        leave()
        reject(error)
      }
    }
    const timer = setTimeout(() => job.refuse(problems.unavailable('hash queue slow', retryAfter())), maxWait)
    waiting.add(job)
    if (waiting.size > waitingPerRunner * concurrency)
      inOrder().at(-1)?.refuse(problems.unavailable('hash queue full', retryAfter()))
    return promise
  }

  return {
    get running(): number {
      return running
    },
    get waiting(): number {
      return waiting.size
    },

    /** `handicap` ranks a job as if its address had used so many more runs. Throws `too_many_requests` and `unavailable`. */
    async run<T>(address: string, work: (turn: Turn) => Promise<T>, handicap = 0): Promise<T> {
      await takeTurn(address, handicap)
      const [start, expected] = [clock(), average]
      let share = 1
      const discount = () => {
        share = 0.1
      }
      try {
        return await work({ discount })
      } finally {
        const took = clock() - start
        average += (took - average) / 8
        usage.add(address, took * share - expected)
        running -= 1
        next()
      }
    },

    /** Runs a job that never rejects later, once the queue is empty, or drops it. A key has one waiting job, the last. */
    whenIdle(key: string, work: () => Promise<unknown>): void {
      if (idle.size >= maxIdle) return
      idle.set(key, work)
      setTimeout(() => {
        if (running === 0) next()
      }, answerTime).unref()
    }
  }
}
