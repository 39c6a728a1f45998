import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import { createHashQueue } from '../../src/auth/passwords/hash-queue.ts'

export const runTime = 200

/** More runs than any test needs. */
const mostRuns = 1_000

interface Start {
  concurrency?: number
  limitAddresses?: boolean
  maxWait?: number
}

/** A queue with runs of 200 ms by a manual clock. */
export function startQueue(t: Test, { concurrency = 1, limitAddresses = true, maxWait }: Start = {}) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  let now = 0
  const queue = createHashQueue({ concurrency, estimate: runTime, limitAddresses, maxWait, clock: () => now })
  const running: { address: string; end: () => void }[] = []
  const ran: string[] = []

  /** Queues a job of an address and records its result. */
  const ask = (address: string, { handicap = 0, useful = false } = {}) => {
    const asked = now
    return queue
      .run(
        address,
        async ({ discount }) => {
          ran.push(address)
          if (useful) discount()
          await new Promise<void>((end) => running.push({ address, end }))
        },
        handicap
      )
      .then(
        () => now - asked,
        ({ status, reason }) => `${status} ${reason ?? ''}`.trim()
      )
  }
  const pass = (milliseconds: number) => {
    now += milliseconds
    mock.timers.tick(milliseconds)
  }
  /** Ends the run that began first. */
  async function endOne() {
    await setImmediate()
    pass(runTime)
    running.shift()?.end()
    await setImmediate()
  }
  async function endAll() {
    await setImmediate()
    for (let runs = 0; running.length > 0; runs += 1) {
      assert.ok(runs < mostRuns, `${running.length} jobs still run after ${mostRuns} runs`)
      await endOne()
    }
  }
  /** Ends runs until this job has ended. Returns its result. */
  async function endUntil<T>(job: Promise<T>, beforeEach: () => void): Promise<T> {
    let isOver = false
    void job.then(() => {
      isOver = true
    })
    for (let runs = 0; !isOver; runs += 1) {
      assert.ok(runs < mostRuns, `the job did not run within ${mostRuns} runs`)
      beforeEach()
      await endOne()
    }
    return job
  }
  return { queue, ask, pass, endOne, endAll, endUntil, ran }
}
