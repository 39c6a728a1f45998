import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Call, connectTo } from '../../../bench/helpers/http.ts'
import { createLedger } from './ledger.ts'

interface Load {
  url: string
  /** Access tokens, shared by the writers. */
  people: string[]
  writers?: number
  readers?: number
  /** The path that readers request. */
  path?: string
  /** Milliseconds between two requests of a client. */
  rest?: number
  /** Maximum number of requests of a client. */
  most?: number
}

/**
 * Writers that create tasks with unique titles, and readers. A refused or disconnected writer retries with the same
 * Idempotency-Key until the task is acknowledged.
 */
export function startLoad({
  url,
  people,
  writers = 64,
  readers = 8,
  path = '/api/tasks?limit=5',
  rest = 100,
  most = 20_000
}: Load) {
  const ledger = createLedger()
  const call = connectTo(url)
  let stopping = false

  async function send(method: string, path: string, details: Call): Promise<Answer | undefined> {
    try {
      return await call(method, path, details)
    } catch (error) {
      ledger.bookCut(error)
      return undefined
    }
  }

  async function write(token: string | undefined): Promise<void> {
    const title = randomUUID()
    const details = { token, body: { title }, headers: { 'idempotency-key': `"${title}"` } }
    for (let tries = 0; tries < 300; tries++) {
      const answer = await send('POST', '/api/tasks', details)
      // 409: the first attempt is still in progress. Retried like a 503.
      if (answer?.status === 409 && tries > 0) ledger.counts.requests += 1
      else if (answer && ledger.book('POST /api/tasks', answer, 201)) {
        ledger.acknowledged.add(title)
        return
      }
      if (answer && ![409, 503].includes(answer.status)) return
      await sleep(rest)
    }
    ledger.complaints.add('a writer has given up')
  }

  // Opens connections before the fault, like a load balancer: Node accepts one per turn of its event loop.
  const warm = Promise.allSettled(Array.from({ length: writers + readers }, () => call('GET', '/health/live')))

  async function client(act: (token: string | undefined) => Promise<void>, index: number): Promise<void> {
    const token = people[index % people.length]
    await warm
    await sleep((rest * index) / (writers + readers))
    for (let done = 0; !stopping && done < most; done++) {
      await act(token)
      await sleep(rest)
    }
  }

  async function read(token: string | undefined): Promise<void> {
    const answer = await send('GET', path, { token })
    if (answer) ledger.book(`GET ${path}`, answer, 200)
  }

  const clients = [
    ...Array.from({ length: writers }, (_, index) => client(write, index)),
    ...Array.from({ length: readers }, (_, index) => client(read, index))
  ]
  return {
    ledger,
    /** Waits until every writer knows the result of its last task. */
    async stop() {
      stopping = true
      await Promise.all(clients)
      return ledger
    }
  }
}
