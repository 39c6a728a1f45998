import type { Client } from 'openapi-fetch'
import type {
  AccountDeletion,
  AuthenticationCredential,
  AuthResponse,
  EmailConfirmation,
  EmailVerification,
  Login,
  NewUser,
  PasskeyRequestOptions,
  PasswordChange,
  paths,
  Reset,
  SecondFactor,
  StepUp,
  User
} from './api.ts'
import type { Exchange } from './exchange.ts'
import { isAboutToken, isRefusal, signedOut, unexpected } from './problem.ts'
import type { createRenewal } from './renewal.ts'
import type { SessionState, State } from './state.ts'
import type { Confirmed } from './step-up.ts'

// Milliseconds that a change of the session may block other tabs.
const deadline = 15_000
const credentials = 'include'
const refresh_cookie = true

/** The body of an answer. A 200 that is no JSON is not Gatehouse's, such as the page of a captive portal. */
export const bodyOf = async <T>(answer: Promise<{ data?: T }>): Promise<T> => {
  try {
    return (await answer).data as T
  } catch (error) {
    throw error instanceof SyntaxError ? unexpected(error) : error
  }
}

/** Replaces both tokens, by the cookie. A retry is safe: for ten seconds the old cookie returns the same tokens. */
export const refreshing = (server: Client<paths>, patiently: Exchange) => async (): Promise<AuthResponse> => {
  const [body, signal] = [{ refresh_cookie }, AbortSignal.timeout(deadline)]
  const answer = await bodyOf(server.POST('/api/auth/refresh', { body, credentials, fetch: patiently, signal }))
  // 204: there is no cookie.
  return answer ?? Promise.reject(signedOut())
}

/** Not the code alone: a refusal of it would look like one of the access token. */
type MailProof = Required<Pick<EmailVerification, 'token'>> | Required<Pick<EmailVerification, 'email' | 'code'>>

type ChangeProof = Required<Pick<EmailConfirmation, 'token'>> | Required<Pick<EmailConfirmation, 'code'>>

type Entrance = '/api/auth/login' | '/api/auth/login/second-factor' | '/api/auth/passkeys/login'

interface Parts {
  state: State
  exchange: Exchange
  renewal: ReturnType<typeof createRenewal>
  confirmed: Confirmed
}

export function createSession(server: Client<paths>, { state, exchange, renewal, confirmed }: Parts) {
  const { renew, authorized } = renewal
  const { exclusively } = state.tabs
  // Holds the lock across tabs: another tab's refresh would replace the cookie. The wait for the lock has its own timeout.
  const alone: Exchange = (request) =>
    exclusively(() => exchange(new Request(request, { signal: AbortSignal.timeout(deadline) })))
  const open = { credentials, fetch: alone } as const
  /** Learns what has changed about the user, for all tabs. Otherwise the next request learns it. */
  async function followUser(): Promise<void> {
    if (state.state().status !== 'out') await renew().catch(() => {})
  }

  async function enter(path: Entrance, proof: object): Promise<User> {
    const body = { ...proof, refresh_cookie } as never
    return state.adopt(await bodyOf(server.POST(path, { body, ...open })))
  }

  const ours = { credentials, fetch: (request: Request) => authorized(request, alone) } as const

  return {
    state: (): SessionState => state.state(),

    /** Calls `listener` after every change. Returns a function that unsubscribes. */
    subscribe: (listener: () => void): (() => void) => state.subscribe(listener),

    /** Determines by the cookie who is signed in. Throws a GatehouseProblem when the server does not answer, and can be repeated. */
    async restore(): Promise<SessionState> {
      if (state.state().status === 'unknown')
        await renew().catch((error) => {
          if (!isRefusal(error)) throw error
        })
      return state.state()
    },

    /** Returns nothing where the address must be confirmed first. Problems: 400 with `errors`, 409 `email_taken`, 429. */
    async signUp({ email, name, password }: Omit<NewUser, 'refresh_cookie'>): Promise<User | undefined> {
      const body = { email, name, password, refresh_cookie }
      const answer = await bodyOf(server.POST('/api/auth/register', { body, ...open }))
      return 'user' in answer ? state.adopt(answer) : undefined
    },

    /** Problems: 401 `invalid_credentials`, 401 `second_factor_required`, 401 `email_not_verified`, 429, 503. */
    logIn: ({ email, password }: Omit<Login, 'refresh_cookie'>): Promise<User> =>
      enter('/api/auth/login', { email, password }),

    /**
     * Completes a login that was refused with `second_factor_required`, whose Problem has the challenge. Problems: 401
     * `invalid_code`, 401 `invalid_token` (log in again), 429, 503.
     */
    completeLogIn: (proof: Omit<SecondFactor, 'refresh_cookie'>): Promise<User> =>
      enter('/api/auth/login/second-factor', proof),

    /** What `navigator.credentials.get()` takes, for five minutes. Problems: 404 where passkeys are off, 429, 503. */
    passkeyOptions: (): Promise<PasskeyRequestOptions> =>
      bodyOf(server.POST('/api/auth/passkeys/login/options', { fetch: exchange })),

    /** With the credential that the browser returned. Problems: 401 `invalid_credentials`, 401 `email_not_verified`, 429, 503. */
    logInWithPasskey: (credential: AuthenticationCredential): Promise<User> =>
      enter('/api/auth/passkeys/login', { credential }),

    /** Throws a GatehouseProblem when the server does not answer: the user is still signed in. */
    async logOut(): Promise<void> {
      await server.POST('/api/auth/logout', ours).catch((error) => {
        if (!isAboutToken(error)) throw error
      })
      state.end('logout')
    },

    /** Asks for a mail to set a new password; succeeds for every address. Problems: 400 with `errors`, 429, 503. */
    async forgotPassword(email: string): Promise<void> {
      await server.POST('/api/auth/password/forgot', { body: { email }, fetch: exchange })
    },

    /** Ends every session and opens none. Problems: 400 with `errors`, 401 `invalid_token`, 429, 503. */
    async resetPassword(body: Reset): Promise<void> {
      await server.POST('/api/auth/password/reset', { body, fetch: exchange })
    },

    /** With the token or the code of a mail, signed in or not. Problems: 400, 401 `invalid_token`, 429, 503. */
    async verifyEmail(body: MailProof): Promise<void> {
      await server.POST('/api/auth/email/verify', { body, fetch: exchange })
      await followUser()
    },

    /**
     * Changes the address, with the token of the mail to the new one, or where the user asked for it with its code. Problems:
     * 401 `invalid_token` or `invalid_code`, 409 `email_taken`, 429, 503.
     */
    async confirmEmail(body: ChangeProof): Promise<void> {
      const fetch = 'code' in body ? (request: Request) => authorized(request, exchange) : exchange
      await server.POST('/api/auth/email/confirm', { body, fetch })
      await followUser()
    },

    /** Cancels or undoes a change of the address, and ends every session. Problems: 401 `invalid_token`, 429, 503. */
    async cancelEmailChange(token: string): Promise<void> {
      await server.POST('/api/auth/email/cancel', { body: { token }, fetch: exchange })
      await followUser()
    },

    /** Ends every other session. Problems: 400 with `errors`, 401 `invalid_credentials`, 403, 429. */
    async changePassword(body: PasswordChange): Promise<User> {
      return state.adopt(await confirmed(() => bodyOf(server.PUT('/api/auth/password', { body, ...ours }))))
    },

    /** Proves again who the user is. Problems: 401 `invalid_credentials`, 401 `invalid_code`, 401 `second_factor_required`, 429, 503. */
    async stepUp(body: StepUp): Promise<User> {
      return state.adopt(await bodyOf(server.POST('/api/auth/step-up', { body, ...ours })))
    },

    /** Deletes the account and its data. Problems: 401 `invalid_credentials`, 403, 429. */
    async deleteAccount(body: AccountDeletion): Promise<void> {
      await confirmed(() => server.POST('/api/auth/profile/delete', { body, ...ours }))
      state.end('logout')
    },

    /** Call after `PUT /api/auth/profile`: shows the new name in every tab. */
    setUser: (user: User): void => state.setUser(user)
  }
}
