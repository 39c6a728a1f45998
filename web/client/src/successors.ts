import type { AuthResponse } from './api.ts'

// Milliseconds. Requests that a browser sent with the old cookie may come after the answer with the new one.
const kept = 60_000

/**
 * Remembers by which tokens a refresh token was replaced. So requests that come at the same time with the same cookie refresh
 * once, and a late one does not look like theft.
 */
export function createSuccessors(now: () => number) {
  const known = new Map<string, { answer: Promise<AuthResponse>; value?: AuthResponse; until: number }>()

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
      if (found) return found.answer
      const entry: { answer: Promise<AuthResponse>; value?: AuthResponse; until: number } = {
        answer: refresh(),
        until: now() + kept
      }
      known.set(token, entry)
      entry.answer.then(
        (value) => Object.assign(entry, { value }),
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
