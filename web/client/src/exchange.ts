import { Problem, problemOf, unreachable } from './problem.ts'

/** What the client takes from its surroundings; tests give their own. */
export interface Surroundings {
  fetch: (request: Request) => Promise<Response>
  /** Milliseconds since 1970. */
  now: () => number
  /** Resolves after so many milliseconds; rejects with the signal's reason as soon as that is aborted. */
  wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Out of time is as good as unreachable; what the caller gave up is not. */
const timedOut = (reason: unknown) => reason instanceof DOMException && reason.name === 'TimeoutError'

export const surroundings: Surroundings = {
  fetch: (request) => fetch(request),
  now: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      if (signal?.aborted) stop()
      signal?.addEventListener('abort', stop, { once: true })
    })
}

const retries = 3
/** Seconds; who is told to wait longer had better tell the person. */
const patience = 10
const passing = new Set([502, 503, 504])

/** Milliseconds: 0.3, 0.6 and 1.2 s, give or take a quarter, so that clients do not come back all at once. */
const backOff = (tried: number) => 300 * 2 ** tried * (0.75 + Math.random() / 2)

/** Resolves to an answer that is a success. Throws a Problem otherwise; what the caller aborted throws the signal's reason. */
export type Exchange = (request: Request) => Promise<Response>

/** Whether twice is the same as once: what only reads, and what has an Idempotency-Key. */
const isRepeatable = ({ method, headers }: Request) =>
  method === 'GET' || method === 'HEAD' || (method === 'POST' && headers.has('idempotency-key'))

/** Whether to ask again may help: no answer, a server that is away for a moment, or the first request still at work. */
const isPassing = ({ status, code }: Problem) =>
  status === 0 || passing.has(status) || code === 'idempotency_in_progress'

/** `patiently` asks again where that helps; `fitting` does so where it does no harm. */
export function createExchanges({ fetch, wait }: Surroundings) {
  async function attempt(request: Request): Promise<Response> {
    let response: Response
    try {
      response = await fetch(request)
    } catch (error) {
      throw request.signal.aborted && !timedOut(error) ? error : unreachable(error)
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }

  const patiently: Exchange = async (request) => {
    for (let tried = 0; ; tried++) {
      try {
        // Each time with the body, which can be sent once.
        return await attempt(request.clone())
      } catch (error) {
        if (!(error instanceof Problem) || tried === retries) throw error
        const { retryAfter = 0 } = error
        if (!isPassing(error) || retryAfter > patience) throw error
        await wait(Math.max(backOff(tried), retryAfter * 1000), request.signal).catch((reason) => {
          throw timedOut(reason) ? error : reason
        })
      }
    }
  }

  const fitting: Exchange = (request) => (isRepeatable(request) ? patiently(request) : attempt(request))
  return { fitting, patiently }
}
