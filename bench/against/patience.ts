import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../helpers/http.ts'

/** Seconds that an answer asks its client to wait (RFC 9110, section 10.2.3), or undefined. */
export function retryAfter({ status, headers }: Answer, now = Date.now()): number | undefined {
  const value = headers['retry-after']
  if ((status !== 429 && status !== 503) || value === undefined) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}

/** A limit of the deployment, and not a fault. */
export const isLimit = (answer: Answer): boolean => answer.status === 429 || retryAfter(answer) !== undefined

export interface Patience {
  /** Seconds of one wait. */
  longest: number
  say: (progress: string) => void
  signal?: AbortSignal | undefined
}

/** Repeats a request as the deployment asks, three times at most. Returns the last answer. */
export async function patiently(ask: () => Promise<Answer>, { longest, say, signal }: Patience): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask()
    const seconds = retryAfter(answer)
    if (seconds === undefined || tries > 3) return answer
    if (seconds > longest) {
      say(`it asks to wait ${Math.ceil(seconds)} s, which is longer than --patience ${longest}`)
      return answer
    }
    say(`it answered ${answer.status} and asks to wait ${Math.ceil(seconds)} s`)
    await sleep(seconds * 1000, undefined, { signal })
  }
}
