import { problems } from '../../http/problems.ts'
import { createUsage } from './usage.ts'

/** Milliseconds that work waits for its turn. */
const maxWait = 2_000
/** Places to wait in, for each runner. */
const waitingPerRunner = 64
/** Runs that an address may have had lately, in time; beyond, it leaves one runner to the others. */
const budget = 10
/** Work that waits until nobody else does. */
const maxIdle = 100
/** Seconds before whoever was refused may try again; spread, so that they do not all return at once. */
const retryAfter = () => 2 + Math.floor(Math.random() * 4)

interface Job {
  address: string
  handicap: number
  start: () => void
  refuse: (error: Error) => void
}

/** What work can say of itself while it runs. */
export interface Turn {
  /** Charges the address only a tenth of what the work takes. */
  discount: () => void
}

interface Options {
  concurrency: number
  /** Milliseconds that a run takes, until some have been measured. */
  estimate: number
  /** Whether one address may take no more places than it can use. */
  limitAddresses: boolean
  /** Monotonic milliseconds. */
  clock?: () => number
}

/**
 * Runs work for addresses, a few at once. The address that has used least time lately goes first: under load each gets an
 * equal share, and a newcomer passes by whoever floods. The use of the networks around an address counts too, so that an
 * attacker who has a network of addresses has no more shares. When all places are taken, whoever has used most is refused.
 */
export function createHashQueue({ concurrency, estimate, limitAddresses, clock = () => performance.now() }: Options) {
  const usage = createUsage(clock)
  /** In the order of arrival. */
  const waiting = new Set<Job>()
  const idle = new Map<string, () => Promise<unknown>>()
  let running = 0
  let average = estimate

  /** As many places as get their turn within the wait. */
  const perAddress = () =>
    limitAddresses ? Math.min(32, Math.max(4, Math.round((concurrency * maxWait) / average))) : Number.POSITIVE_INFINITY

  const rankOf = ({ address, handicap }: Job) => usage.of(address) + handicap * average

  /** Those that wait, the next one first. The sort is stable: among equals the first to come. */
  const inOrder = () =>
    Array.from(waiting, (job) => ({ job, rank: rankOf(job) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ job }) => job)

  /** A run cannot be interrupted: whoever stays within the budget does not wait for one of somebody who does not. */
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
     * Runs work when its address has its turn. `handicap` ranks it as if the address had had so many more runs. Throws
     * `too_many_requests` where too much waits for this address, `unavailable` where it waits for all, or too long.
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

    /** Runs work that never rejects once nobody waits; not at all when too much of the kind waits. A key waits once. */
    whenIdle(key: string, work: () => Promise<unknown>): void {
      if (idle.size >= maxIdle) return
      idle.set(key, work)
      if (running === 0) next()
    }
  }
}

export type HashQueue = ReturnType<typeof createHashQueue>
