import type { AuthResponse } from './api.ts'
import type { Exchange, Surroundings } from './exchange.ts'
import { isAboutToken, isRefusal, signedOut } from './problem.ts'
import type { State } from './state.ts'
import type { Access } from './tabs.ts'

/** Milliseconds that another tab gets to tell the token that it has just got. */
const hearing = 250
/** Milliseconds before the end of a token, at most, that its successor is fetched. */
const ahead = 60_000

/**
 * Access tokens for requests. `refresh` asks the server by the cookie; however many requests want a token at once, in
 * however many tabs, it is called once.
 */
export function createRenewal(state: State, refresh: () => Promise<AuthResponse>, { now, wait }: Surroundings) {
  let pending: Promise<Access> | undefined

  /** What another tab has got since `before`, or undefined. */
  async function heard(before: Access | undefined): Promise<Access | undefined> {
    if (state.access() === before) {
      const stop = new AbortController()
      const unsubscribe = state.subscribe(() => stop.abort())
      state.tabs.tell({ type: 'ask' })
      await wait(hearing, stop.signal).catch(() => {})
      unsubscribe()
    }
    return state.access() === before ? undefined : state.live()
  }

  async function ask(before: Access | undefined): Promise<Access> {
    const answer = await refresh().catch((error) => {
      // Whatever it is refused for, such as a proxy between, logging in is the way on; unless somebody did meanwhile.
      if (isRefusal(error) && state.access() === before) state.end('ended')
      throw error
    })
    // Who logged out meanwhile stays out.
    if (state.access() === before) state.adopt(answer)
    return state.live() ?? Promise.reject(signedOut())
  }

  /** A new token. Throws a Problem: of 400 to 499 when the session is over here, another when that cannot be found out now. */
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

  /** Sends with `bearer`, and once more with a new token when that one is refused. */
  async function authorized(request: Request, exchange: Exchange): Promise<Response> {
    if (state.state().status === 'out') return exchange(request)
    // No `await` where a token is at hand: a page that is being closed has no time for one.
    const access = fresh() ?? (await renew())
    const again = request.clone()
    try {
      return await exchange(bearing(request, access))
    } catch (error) {
      if (!isAboutToken(error)) throw error
      const current = state.access() === access ? await renew() : state.live()
      // Nobody is logged in, or somebody else: this was not their request.
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
