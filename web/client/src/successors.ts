import type { AuthResponse } from './api.ts'

// Milliseconds. As long as Gatehouse itself gives the same successor: a longer time would hide a theft from it.
const shared = 10_000
// For a step-up, whose answer has no refresh token, and may come late.
const kept = 60_000

interface Successor {
  answer: Promise<AuthResponse>
  value?: AuthResponse
  /** Until when requests with the old token get the new one from here. */
  sharedUntil: number
  until: number
}

/**
 * Remembers by which tokens a refresh token was replaced. So requests that come at the same time with the same cookie refresh
 * once. A later one goes to Gatehouse, which takes it for theft.
 */
export function createSuccessors(now: () => number) {
  const known = new Map<string, Successor>()

  function discardOld(): void {
    for (const [token, { until }] of known) {
      if (until > now()) return
      known.delete(token)
    }
  }

  return {
    of(token: string, refresh: () => Promise<AuthResponse>): Promise<AuthResponse> {
      discardOld()
      const found = known.get(token)
      if (found && found.sharedUntil > now()) return found.answer
      const entry: Successor = { answer: refresh(), sharedUntil: Number.POSITIVE_INFINITY, until: now() + kept }
      // To the end, because the oldest are discarded first.
      known.delete(token)
      known.set(token, entry)
      entry.answer.then(
        (value) => Object.assign(entry, { value, sharedUntil: now() + shared }),
        () => known.delete(token)
      )
      return entry.answer
    },

    /** The refresh token that has replaced this one, or itself. */
    newest(token: string): string {
      const next = known.get(token)?.value?.refresh_token
      return next === undefined ? token : this.newest(next)
    }
  }
}

export type Successors = ReturnType<typeof createSuccessors>
