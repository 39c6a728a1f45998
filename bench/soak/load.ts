import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../helpers/statistics.ts'
import type { Mix } from './mix.ts'

/** Answers by status; times in milliseconds, of the last few thousand only. */
export function createTally() {
  const statuses = new Map<number, number>()
  const wrong = new Map<string, number>()
  const times: number[] = []
  const count = (what: string) => wrong.set(what, (wrong.get(what) ?? 0) + 1)
  return {
    statuses,
    /** Unexpected answers, and how often each occurred. */
    wrong,
    total: () => [...statuses.values()].reduce((sum, n) => sum + n, 0),
    async book(work: ReturnType<Mix['act']>): Promise<void> {
      try {
        const done = await work
        if (!done) return
        const { answer, right } = done
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        times.push(answer.ms)
        if (times.length > 20_000) times.splice(0, 10_000)
        // 429 and 503 are counted separately: they are correct answers under load.
        if (![...right, 503].includes(answer.status)) count(`${answer.status} ${answer.text.slice(0, 120)}`)
      } catch (error) {
        count((error as Error).message)
      }
    },
    quantile: (share: number) => quantile(times, share)
  }
}

/** Returns answers per second with this many clients, each sending one request at a time. */
async function throughput(mix: Mix, clients: number, seconds: number): Promise<number> {
  const tally = createTally()
  const begin = performance.now()
  const client = async () => {
    while (performance.now() < begin + seconds * 1000) await tally.book(mix.act())
  }
  await Promise.all(Array.from({ length: clients }, client))
  return tally.total() / ((performance.now() - begin) / 1000)
}

/** Finds the highest rate of answers, with more and more clients. */
export async function saturation(mix: Mix, seconds: number, say: (progress: string) => void): Promise<number> {
  let best = 0
  for (const clients of [4, 8, 16, 32, 64]) {
    const found = await throughput(mix, clients, seconds)
    say(`${clients} clients: ${found.toFixed(0)} requests a second`)
    best = Math.max(best, found)
  }
  return best
}

/** Sends requests at a fixed rate. Those that cannot be sent in time are not made up for. */
export async function steady(mix: Mix, perSecond: number, tally: ReturnType<typeof createTally>, on: () => boolean) {
  const open = new Set<Promise<void>>()
  let last = performance.now()
  let due = 0
  while (on()) {
    await sleep(10)
    const now = performance.now()
    due = Math.min(due + ((now - last) / 1000) * perSecond, perSecond / 5)
    last = now
    for (; due >= 1; due--) {
      const work = mix.act()
      if (!work) break
      const booked = tally.book(work).finally(() => open.delete(booked))
      open.add(booked)
    }
  }
  await Promise.all(open)
}
