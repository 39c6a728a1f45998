import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../../bench/helpers/http.ts'
import { createLedger } from './ledger.ts'

interface Request {
  what: string
  send: () => Promise<Answer>
  wanted: number
}

/**
 * Sends requests at a fixed rate, regardless of earlier answers. `next` creates each one, or nothing to skip it. At
 * most 1,000 concurrently and `most` in total.
 */
export function startRate(perSecond: number, next: () => Request | undefined, most = 60_000) {
  const ledger = createLedger()
  const open = new Set<Promise<void>>()
  const begin = performance.now()
  let turns = 0

  function turn(): void {
    const request = next()
    if (!request) return
    const done = request
      .send()
      .then((answer) => void ledger.book(request.what, answer, request.wanted))
      .catch((error) => ledger.bookCut(error))
      .finally(() => open.delete(done))
    open.add(done)
  }

  const timer = setInterval(() => {
    const due = Math.min(most, ((performance.now() - begin) / 1000) * perSecond)
    for (; turns < due && open.size < 1_000; turns++) turn()
  }, 5)
  return {
    ledger,
    async stop() {
      clearInterval(timer)
      await Promise.all(open)
      await sleep(0)
      return ledger
    }
  }
}
