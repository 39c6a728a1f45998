import type { AuthResponse } from './api.ts'
import type { Exchange, Surroundings } from './exchange.ts'
import { isAboutToken, isRefusal, signedOut } from './problem.ts'
import type { State } from './state.ts'
import type { Access } from './tabs.ts'

const otherTabTimeout = 250
const ahead = 60_000

/** Provides access tokens. Concurrent requests, in all tabs, share one call of `refresh`. */
export function createRenewal(state: State, refresh: () => Promise<AuthResponse>, { now, wait }: Surroundings) {
  let pending: Promise<Access> | undefined

  async function heard(before: Access | undefined): Promise<Access | undefined> {
    if (state.access() === before) {
      const stop = new AbortController()
      const unsubscribe = state.subscribe(() => stop.abort())
      state.tabs.tell({ type: 'ask' })
      await wait(otherTabTimeout, stop.signal).catch(() => {})
      unsubscribe()
    }
    return state.access() === before ? undefined : state.live()
  }

  async function ask(before: Access | undefined): Promise<Access> {
    const answer = await refresh().catch((error) => {
      // Whatever the reason of a refusal (possibly by a proxy), the user must sign in, unless that happened meanwhile.
      if (isRefusal(error) && state.access() === before) state.end('ended')
      throw error
    })
    // The user signed out meanwhile.
    if (state.access() === before) state.adopt(answer)
    return state.live() ?? Promise.reject(signedOut())
  }

  /** Throws a GatehouseProblem: 400 to 499 when the session has ended, others when that cannot be determined now. */
  function renew(): Promise<Access> {
    const before = state.access()
    pending ??= state.tabs
      .exclusively(
        async (waited) => ((waited || state.access() !== before) && (await heard(before))) || ask(state.access())
      )
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  function fresh(): Access | undefined {
    const access = state.live()
    if (access && access.until - now() < Math.min(ahead, (access.until - access.since) / 10)) renew().catch(() => {})
    return access
  }

  async function authorized(request: Request, exchange: Exchange): Promise<Response> {
    if (state.state().status === 'out') return exchange(request)
    // No `await` if a token is available: a closing page has no time for one.
    const access = fresh() ?? (await renew())
    const again = request.clone()
    try {
      return await exchange(bearing(request, access))
    } catch (error) {
      if (!isAboutToken(error)) throw error
      const current = state.access() === access ? await renew() : state.live()
      // Meanwhile the user signed out or another one signed in: this request is not theirs.
      if (current?.userId !== access.userId) throw error
      return await exchange(bearing(again, current)).catch((last) => {
        if (isAboutToken(last) && state.access() === current) state.end('ended')
        throw last
      })
    }
  }

  return { renew, authorized }
}

function bearing(request: Request, { token }: Access): Request {
  request.headers.set('authorization', `Bearer ${token}`)
  return request
}
