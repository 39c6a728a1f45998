import { claimsOf, lifetimeOf } from './claims.ts'
import { GatehouseProblem } from './problem.ts'

export interface Held {
  text: string
  /** Milliseconds since 1970. */
  until: number
}

const sessionChanged = () =>
  new GatehouseProblem({
    status: 401,
    code: 'session_changed',
    detail: 'You are no longer signed in as the user of this page'
  })

function subjectOf(text: string) {
  try {
    const claims = claimsOf(text)
    return { subject: claims.sub, lifetime: lifetimeOf(claims) }
  } catch {
    return { subject: undefined, lifetime: 0 }
  }
}

/** Holds the token of one user. A token of anybody else is never kept: whoever asks gets `session_changed`. */
export function createHolder(userId: string, getToken: () => Promise<string | null>, now: () => number) {
  let held: Held | undefined
  let pending: Promise<Held> | undefined
  let leaving = new AbortController()

  async function fetchToken(): Promise<Held> {
    const { signal } = leaving
    const asked = now()
    const text = await getToken()
    // The user signed out meanwhile.
    signal.throwIfAborted()
    const { subject, lifetime } = subjectOf(text ?? '')
    if (text === null || subject !== userId) throw sessionChanged()
    // A tenth earlier, so that it is still valid when it arrives.
    held = { text, until: asked + lifetime * 0.9 }
    return held
  }

  function forget(token: Held | undefined): void {
    if (held === token) held = undefined
  }

  return {
    /** The token, if there is one that has not expired. */
    held: () => (held && held.until > now() ? held : undefined),

    /** Concurrent calls share one request. */
    async token(): Promise<Held> {
      if (held && held.until > now()) return held
      pending ??= fetchToken().finally(() => {
        pending = undefined
      })
      return pending
    },

    forget,

    /** Aborted when the user signs out. */
    signal: () => leaving.signal,

    /** Ends the calls of this user. Later ones get a new token, if the user has signed in again. */
    retire(): void {
      held = undefined
      pending = undefined
      leaving.abort(sessionChanged())
      leaving = new AbortController()
    }
  }
}
