import type { Caller } from '../helpers/http.ts'
import { shuffled } from '../helpers/statistics.ts'
import { arrive } from './arrivals.ts'
import type { Person } from './people.ts'
import type { Planned, Request } from './plan.ts'
import { createSamples, type Measured, type Spread } from './samples.ts'

export interface Step {
  /** Requests per second that were asked for. */
  rate: number
  planned: number
  sent: number
  /** Answers per second that are neither an error nor a limit. */
  answered: number
  /** The largest delay of this process in sending, in milliseconds. It is in the latencies. */
  late: number
  failed: number
  limited: number
  times: Spread | null
  operations: Record<string, Measured>
}

/** The path of what a `POST` made: that of the collection and the id, or else its Location without the prefix. */
export function madePath(collection: string, text: string, location?: string, prefix = ''): string | undefined {
  try {
    const { id } = JSON.parse(text)
    if (typeof id === 'string' || typeof id === 'number') return `${collection}/${encodeURIComponent(id)}`
  } catch {}
  const path = location && URL.parse(location, 'http://localhost')?.pathname
  return path?.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
}

/** Errors after which a step ends, so that a deployment that fails is left in peace. */
const maxFailures = 20

interface Run {
  call: Caller
  people: Person[]
  planned: Planned[]
  signal: AbortSignal
}

/** Sends all operations in turn, as one person after the other, at a fixed rate. */
export async function runStep({ call, people, planned, signal }: Run, rate: number, seconds: number): Promise<Step> {
  const samples = createSamples()
  const order = shuffled(planned)
  let turn = 0

  /** The next operation for which there is an object. */
  function next(): { planned: Planned; request: Request; person: Person } {
    for (;;) {
      const one = order[turn % order.length] as Planned
      // Each round of operations begins with another person.
      const person = people[(turn + Math.floor(turn / order.length)) % people.length] as Person
      turn += 1
      const request = one.requestFor(person)
      if (request) return { planned: one, request, person }
    }
  }

  async function send(due: number): Promise<void> {
    const { planned, request, person } = next()
    const { name, path } = planned.operation
    const { method, token, headers, body } = request
    try {
      const answer = await call(method, request.path, { token, headers, body })
      samples.add(name, answer, performance.now() - due)
      const made = planned.kind === 'create' && answer.status === 201 && madePath(request.path, answer.text)
      if (made) person.spare.get(path)?.push(made)
    } catch (error) {
      samples.fail(name, (error as NodeJS.ErrnoException).code ?? (error as Error).message)
    }
  }

  const isOver = (open: number) =>
    samples.failed() >= maxFailures || samples.limited() > 0 || open > Math.max(100, rate * 2)
  const { sent, late, seconds: elapsed, planned: count } = await arrive({ rate, seconds, send, isOver, signal })
  const times = samples.whole()
  return {
    rate,
    planned: count,
    sent,
    late,
    answered: (times?.count ?? 0) / elapsed,
    failed: samples.failed(),
    limited: samples.limited(),
    times,
    operations: samples.measured()
  }
}
