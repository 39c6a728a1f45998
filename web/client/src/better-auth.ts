import createClient from 'openapi-fetch'
import type { paths } from './api.ts'
import { type Api, createApi } from './calls.ts'
import { createExchanges, type Surroundings, surroundings } from './exchange.ts'
import { createHolder, type Held } from './holder.ts'
import { GatehouseProblem, isAboutToken, unreachable } from './problem.ts'
import { createTabs } from './tabs.ts'

export type * from './api.ts'
export type { Api } from './calls.ts'
export { type GatehouseCode, GatehouseProblem, isAboutToken } from './problem.ts'

interface Answer<T> {
  data: T | null
  error: { status: number; message?: string | undefined } | null
}

/** A client of Better Auth with the plugin `jwtClient()`, for any framework. */
export interface BetterAuthClient {
  token: () => Promise<Answer<{ token: string }>>
  signOut: () => Promise<Answer<unknown>>
}

export interface UserApiOptions {
  /** The origin of Gatehouse. */
  baseUrl: string
  /** The user whose calls these are: Better Auth's `session.user.id`, or what `getSubject` returns. */
  userId: string
  /** Resolves to a token of whoever is signed in at Better Auth, or null. */
  getToken: () => Promise<string | null>
  /** Milliseconds for a call and its retries, 0 for no limit. Default: 30,000. */
  timeout?: number
}

/**
 * Gatehouse as one user, on a server one for each request. No call ever has the token of another user: if somebody else is signed
 * in, or nobody, it throws `session_changed`.
 */
export const createUserApi = <Paths extends object = paths>(
  options: UserApiOptions,
  around: Partial<Surroundings> = {}
): Api<Paths> => bound<Paths>(options, { ...surroundings, ...around }).api

function bound<Paths extends object>(
  { baseUrl, userId, getToken, timeout = 30_000 }: UserApiOptions,
  world: Surroundings
) {
  const { fitting } = createExchanges(world, timeout)
  const holder = createHolder(userId, getToken, world.now)

  async function authorized(request: Request): Promise<Response> {
    // A call of a user who signs out ends, even if it has been sent.
    const ours = new Request(request, { signal: AbortSignal.any([request.signal, holder.signal()]) })
    const again = ours.clone()
    const held = await holder.token()
    ours.signal.throwIfAborted()
    try {
      return await fitting(bearing(ours, held))
    } catch (error) {
      if (ours.signal.aborted || !isAboutToken(error)) throw error
      holder.forget(held)
      return fitting(bearing(again, await holder.token()))
    }
  }

  return { holder, api: createApi<Paths>({ baseUrl, fetch: authorized }) }
}

function bearing(request: Request, { text }: Held): Request {
  request.headers.set('authorization', `Bearer ${text}`)
  return request
}

export interface BetterAuthOptions {
  /** The origin of Gatehouse. */
  baseUrl: string
  auth: BetterAuthClient
  /** Called when this user has signed out, in any tab: let Better Auth read its session again. */
  onSignedOut?: (userId: string) => void
  /** Milliseconds for a call and its retries, 0 for no limit. Default: 30,000. */
  timeout?: number
}

export interface SignOut {
  /** `failed`: Better Auth did not answer, and the user is still signed in there. */
  betterAuth: 'ended' | 'failed'
  /**
   * `retrying`: Gatehouse did not answer. It is asked again, until it answers or the tokens have expired. `no_token`: there was
   * no token to end, and Better Auth gave none.
   */
  gatehouse: 'ended' | 'retrying' | 'no_token'
  /** Resolves when nothing is retried any more. */
  settled: Promise<void>
}

// Milliseconds.
const signOutTimeout = 5_000
const [firstPause, longestPause] = [2_000, 60_000]

/** Gatehouse behind Better Auth, for a browser. The tokens are Better Auth's, and are only in memory. */
export function createGatehouse<Paths extends object = paths>(
  { baseUrl, auth, onSignedOut = () => {}, timeout = 30_000 }: BetterAuthOptions,
  around: Partial<Surroundings> = {}
) {
  const world = { ...surroundings, ...around }
  const users = new Map<string, ReturnType<typeof bound<Paths>>>()
  const closed = new AbortController()
  const { patiently } = createExchanges(world, signOutTimeout)
  const plain = createClient<paths>({ baseUrl })
  const tabs = createTabs<{ type: 'out'; userId: string }>(`gatehouse better-auth ${baseUrl}`, ({ userId }) =>
    leave(userId)
  )

  async function getToken(): Promise<string | null> {
    const { data, error } = await auth.token().catch((cause) => {
      throw unreachable(cause)
    })
    if (error?.status === 401) return null
    if (data) return data.token
    const detail = `Better Auth gave no token: ${error?.message ?? 'no reason'}`
    throw new GatehouseProblem({ status: error?.status ?? 0, code: 'issuer_unavailable', detail })
  }

  function of(userId: string) {
    const known = users.get(userId) ?? bound<Paths>({ baseUrl, userId, getToken, timeout }, world)
    users.set(userId, known)
    return known
  }

  function leave(userId: string): void {
    users.get(userId)?.holder.retire()
    onSignedOut(userId)
  }

  /** Whether Gatehouse has ended all tokens that the user got up to now. */
  const revoke = ({ text }: Held): Promise<boolean> =>
    plain
      .POST('/api/auth/logout', { headers: { authorization: `Bearer ${text}` }, fetch: patiently, keepalive: true })
      .then(() => true, isAboutToken)

  async function keepRevoking(held: Held): Promise<void> {
    for (let pause = firstPause; world.now() < held.until; pause = Math.min(pause * 2, longestPause)) {
      await world.wait(pause, closed.signal)
      if (await revoke(held)) return
    }
  }

  /** Whether Better Auth has ended the session. Asked three times. */
  async function endSession(): Promise<boolean> {
    for (let tried = 0; ; tried++) {
      const ended = await auth.signOut().then(
        ({ error }) => error === null || error.status === 401,
        () => false
      )
      if (ended || tried === 2) return ended
      await world.wait(300 * 2 ** tried, closed.signal)
    }
  }

  return {
    /** Every operation as this user, the same object for the same user. */
    as: (userId: string): Api<Paths> => of(userId).api,

    /**
     * Signs the user out at Better Auth and at Gatehouse, even if one of them is down. Nobody is signed out at Better Auth if
     * somebody else is signed in there meanwhile.
     */
    async signOut(userId: string): Promise<SignOut> {
      const { holder } = of(userId)
      const previous = holder.held()
      holder.forget(previous)
      // A new token tells who is signed in, and is revoked together with all before it.
      const asked = await holder.token().catch((error: unknown) => error)
      const isOther = asked instanceof GatehouseProblem && asked.code === 'session_changed'
      const held = asked instanceof Error ? previous : (asked as Held)
      const betterAuth = isOther || (await endSession()) ? 'ended' : 'failed'
      if (betterAuth === 'ended') {
        leave(userId)
        tabs.tell({ type: 'out', userId })
      } else holder.retire()
      // After the sign-out, so that no other tab gets a token in between.
      if (!held) return { betterAuth, gatehouse: 'no_token', settled: Promise.resolve() }
      if (await revoke(held)) return { betterAuth, gatehouse: 'ended', settled: Promise.resolve() }
      return { betterAuth, gatehouse: 'retrying', settled: keepRevoking(held).catch(() => {}) }
    },

    /** Stops retries and listening to other tabs. */
    close(): void {
      closed.abort()
      tabs.close()
    }
  }
}

export type Gatehouse<Paths extends object = paths> = ReturnType<typeof createGatehouse<Paths>>
