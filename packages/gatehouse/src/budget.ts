/** What a run may use of the deployment. */
export interface Bounds {
  /** Requests per second. */
  rate: number
  maxRequests: number
  /** Milliseconds for the whole run. */
  time: number
}

/** The run has used what it may use. */
export class BudgetSpent extends Error {}

export interface Timing {
  now: () => number
  sleep: (milliseconds: number) => Promise<void>
}

export const realTime: Timing = {
  now: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Spaces requests evenly and counts them. */
export function createBudget({ rate, maxRequests, time }: Bounds, { now, sleep }: Timing = realTime) {
  const start = now()
  const end = start + time
  let next = start
  let requests = 0

  /** Waits, unless the run would then be over. */
  async function wait(milliseconds: number): Promise<void> {
    if (now() + milliseconds > end) throw new BudgetSpent(`the time is over (--time ${Math.round(time / 60_000)}m)`)
    if (milliseconds > 0) await sleep(milliseconds)
  }

  return {
    wait,
    async take(): Promise<void> {
      if (requests >= maxRequests) throw new BudgetSpent(`the requests are used up (--max-requests ${maxRequests})`)
      await wait(Math.max(0, next - now()))
      next = Math.max(next, now()) + 1000 / rate
      requests += 1
    },
    requests: () => requests,
    elapsed: () => now() - start
  }
}

export type Budget = ReturnType<typeof createBudget>
