import { GatehouseProblem, problemOf, timedOut, unreachable } from './problem.ts'

export interface Surroundings {
  fetch: (request: Request) => Promise<Response>
  now: () => number
  wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

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
// Seconds. A longer Retry-After is reported to the caller instead.
const maxRetryAfter = 10
const passing = new Set([502, 503, 504])

const backOff = (tried: number) => 300 * 2 ** tried * (0.75 + Math.random() / 2)

export type Exchange = (request: Request) => Promise<Response>

const isRepeatable = ({ method, headers }: Request) =>
  method === 'GET' || method === 'HEAD' || (method === 'POST' && headers.has('idempotency-key'))

const isPassing = ({ status, code }: GatehouseProblem) =>
  status === 0 || passing.has(status) || code === 'idempotency_in_progress'

/** Reads JSON completely, so that a connection that breaks meanwhile fails this attempt. */
const complete = async (response: Response) =>
  response.headers.get('content-type')?.includes('json') ? new Response(await response.text(), response) : response

/** `patiently` retries where that helps; `fitting` also requires an idempotent request. Both end after `timeout` ms. */
export function createExchanges({ fetch, wait }: Surroundings, timeout = 0) {
  async function attempt(request: Request): Promise<Response> {
    let response: Response
    try {
      response = await complete(await fetch(request))
    } catch (error) {
      throw request.signal.aborted && !timedOut(error) ? error : unreachable(error)
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }

  const patiently: Exchange = async (request) => {
    for (let tried = 0; ; tried++) {
      try {
        // A body can be sent only once, so each attempt clones the request.
        return await attempt(request.clone())
      } catch (error) {
        if (!(error instanceof GatehouseProblem) || tried === retries) throw error
        const { retryAfter = 0 } = error
        if (!isPassing(error) || retryAfter > maxRetryAfter) throw error
        await wait(Math.max(backOff(tried), retryAfter * 1000), request.signal).catch((reason) => {
          throw timedOut(reason) ? error : reason
        })
      }
    }
  }

  const limited = (request: Request) =>
    timeout > 0
      ? new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]) })
      : request

  const fitting: Exchange = (request) =>
    isRepeatable(request) ? patiently(limited(request)) : attempt(limited(request))
  return { fitting, patiently }
}
