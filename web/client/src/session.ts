import type { Client } from 'openapi-fetch'
import type { AccountDeletion, AuthResponse, Login, NewUser, PasswordChange, paths, User } from './api.ts'
import type { Exchange } from './exchange.ts'
import { isAboutToken, isRefusal } from './problem.ts'
import type { createRenewal } from './renewal.ts'
import type { SessionState, State } from './state.ts'

/** Milliseconds that a refresh, and each change of who is logged in, may keep other tabs waiting. */
const deadline = 15_000
/** The refresh cookie goes along, to another origin as well. */
const credentials = 'include'
const refresh_cookie = true

/** The body of an answer. What is not a success has been thrown before. */
export const bodyOf = async <T>(answer: Promise<{ data?: T }>) => (await answer).data as T

/** Both tokens anew, by the cookie. To ask again is safe: for ten seconds the old cookie gives the same tokens. */
export const refreshing = (server: Client<paths>, patiently: Exchange) => (): Promise<AuthResponse> =>
  bodyOf(server.POST('/api/auth/refresh', { credentials, fetch: patiently, signal: AbortSignal.timeout(deadline) }))

interface Parts {
  state: State
  exchange: Exchange
  renewal: ReturnType<typeof createRenewal>
}

/** Who is logged in, and how that changes. */
export function createSession(server: Client<paths>, { state, exchange, renewal }: Parts) {
  const { renew, authorized } = renewal
  const { exclusively } = state.tabs
  /** While no other tab refreshes: it would hold the cookie that is being replaced. The time that it waits for that is its own. */
  const alone: Exchange = (request) =>
    exclusively(() => exchange(new Request(request, { signal: AbortSignal.timeout(deadline) })))
  const open = { credentials, fetch: alone } as const
  const ours = { credentials, fetch: (request: Request) => authorized(request, alone) } as const

  return {
    /** What is known, the same object until it changes. */
    state: (): SessionState => state.state(),

    /** Calls `listener` after every change. Returns what ends that. */
    subscribe: (listener: () => void): (() => void) => state.subscribe(listener),

    /**
     * Finds out by the cookie, once after the page has loaded, who is logged in. Throws a Problem when the server cannot
     * be asked: then it is still unknown, and can be tried again.
     */
    async restore(): Promise<SessionState> {
      if (state.state().status === 'unknown')
        await renew().catch((error) => {
          if (!isRefusal(error)) throw error
        })
      return state.state()
    },

    /** Problems: 400 with `errors`, 409 `email_taken`, 429. */
    async signUp({ email, name, password }: Omit<NewUser, 'refresh_cookie'>): Promise<User> {
      const body = { email, name, password, refresh_cookie }
      return state.adopt(await bodyOf(server.POST('/api/auth/register', { body, ...open })))
    },

    /** Problems: 401 `invalid_credentials`, 429, 503. */
    async logIn({ email, password }: Omit<Login, 'refresh_cookie'>): Promise<User> {
      const body = { email, password, refresh_cookie }
      return state.adopt(await bodyOf(server.POST('/api/auth/login', { body, ...open })))
    },

    /** Throws a Problem when the server cannot be told: one is logged in still. */
    async logOut(): Promise<void> {
      await server.POST('/api/auth/logout', ours).catch((error) => {
        if (!isAboutToken(error)) throw error
      })
      state.end('logout')
    },

    /** Ends every other session. Problems: 400 with `errors`, 401 `invalid_credentials`, 403, 429. */
    async changePassword(body: PasswordChange): Promise<User> {
      return state.adopt(await bodyOf(server.PUT('/api/auth/password', { body, ...ours })))
    },

    /** The account and all that is in it. Problems: 401 `invalid_credentials`, 403, 429. */
    async deleteAccount(body: AccountDeletion): Promise<void> {
      await server.POST('/api/auth/profile/delete', { body, ...ours })
      state.end('logout')
    },

    /** For the answer of `PUT /api/auth/profile`: the new name, in every tab. */
    setUser: (user: User): void => state.setUser(user)
  }
}
