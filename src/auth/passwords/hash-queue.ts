import { problems } from '../../http/problems.ts'
import { createUsage } from './usage.ts'

/** Milliseconds that a job waits at most. */
const maxWait = 2_000
/** Queue length per runner. */
const waitingPerRunner = 64
/**
 * Recent use, in runs, up to which an address may use all runners. Above it, the address leaves one runner to others.
 */
const budget = 10
/** Jobs that may wait for an idle moment. */
const maxIdle = 100
/** Seconds for Retry-After, with jitter. */
const retryAfter = () => 2 + Math.floor(Math.random() * 4)

interface Job {
  address: string
  handicap: number
  start: () => void
  refuse: (error: Error) => void
}

/** What a job can call while it runs. */
export interface Turn {
  /** Charges the address only a tenth of the time used. */
  discount: () => void
}

interface Options {
  concurrency: number
  /** Milliseconds of a run, until some have been measured. */
  estimate: number
  /** Whether to limit the waiting jobs of one address. */
  limitAddresses: boolean
  clock?: () => number
}

/**
 * Runs jobs of client addresses with limited concurrency, least recent use first. Under load each address gets an equal
 * share, and a new address overtakes one that floods. Use also counts for the networks around an address, so an
 * attacker with many addresses gets no larger share. When the queue is full, the job with the most use is refused.
 */
export function createHashQueue({ concurrency, estimate, limitAddresses, clock = () => performance.now() }: Options) {
  const usage = createUsage(clock)
  /** In order of arrival. */
  const waiting = new Set<Job>()
  const idle = new Map<string, () => Promise<unknown>>()
  let running = 0
  let average = estimate

  /** As many jobs as can start within `maxWait`. */
  const perAddress = () =>
    limitAddresses ? Math.min(32, Math.max(4, Math.round((concurrency * maxWait) / average))) : Number.POSITIVE_INFINITY

  const rankOf = ({ address, handicap }: Job) => usage.of(address) + handicap * average

  /** Waiting jobs, the next one first. The sort is stable, so equal ranks keep their order of arrival. */
  const inOrder = () =>
    Array.from(waiting, (job) => ({ job, rank: rankOf(job) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ job }) => job)

  /** A run cannot be interrupted. An address over the budget therefore must not occupy the last runner. */
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

    /**
     * Runs a job when its turn comes. `handicap` ranks it as if the address had used that many more runs. Throws
     * `too_many_requests` when too many jobs of this address wait, `unavailable` when the queue is full or slow.
     */
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

    /**
     * Runs a job that never rejects once the queue is empty. Drops it when too many wait. A key has one waiting job,
     * the last.
     */
    whenIdle(key: string, work: () => Promise<unknown>): void {
      if (idle.size >= maxIdle) return
      idle.set(key, work)
      if (running === 0) next()
    }
  }
}
