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
import { bodyOf } from './calls.ts'
import type { Exchange } from './exchange.ts'
import { isAboutToken, signedOut } from './problem.ts'
import type { Confirmed } from './step-up.ts'
import type { Tabs, Why } from './tabs.ts'

// Milliseconds that a change of the session may block other tabs.
const deadline = 15_000
const credentials = 'include'
const refresh_cookie = true

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

/** Where the refresh token is: in a cookie of Gatehouse, or in the bodies. */
export const inCookie: Place = { options: { credentials }, body: { refresh_cookie } }
export const inBody: Place = { options: {}, body: {} }

interface Place {
  options: { credentials?: 'include' }
  body: { refresh_cookie?: true }
}

interface Parts {
  /** Keeps the tokens of answers. */
  keeper: {
    adopt: (answer: AuthResponse) => User
    end: (why: Why) => void
    isOut: () => boolean
    exclusively: Tabs['exclusively']
  }
  exchange: Exchange
  renewal: { renew: () => Promise<unknown>; authorized: (request: Request, exchange: Exchange) => Promise<Response> }
  confirmed: Confirmed
  place: Place
}

/** What changes who is signed in, in a browser and on a server. */
export function createSession(server: Client<paths>, { keeper, exchange, renewal, confirmed, place }: Parts) {
  const { renew, authorized } = renewal
  const { exclusively, adopt, end } = keeper
  // Holds the lock across tabs: another tab's refresh would replace the cookie. The wait for the lock has its own timeout.
  const alone: Exchange = (request) =>
    exclusively(() => exchange(new Request(request, { signal: AbortSignal.timeout(deadline) })))
  const open = { ...place.options, fetch: alone } as const
  /** Learns what has changed about the user, for all tabs. Otherwise the next request learns it. */
  async function followUser(): Promise<void> {
    if (!keeper.isOut()) await renew().catch(() => {})
  }

  async function enter(path: Entrance, proof: object): Promise<User> {
    const body = { ...proof, ...place.body } as never
    return adopt(await bodyOf(server.POST(path, { body, ...open })))
  }

  const ours = { ...place.options, fetch: (request: Request) => authorized(request, alone) } as const

  return {
    /** Returns nothing where the address must be confirmed first. Problems: 400 with `errors`, 409 `email_taken`, 429. */
    async signUp({ email, name, password }: Omit<NewUser, 'refresh_cookie'>): Promise<User | undefined> {
      const body = { email, name, password, ...place.body }
      const answer = await bodyOf(server.POST('/api/auth/register', { body, ...open }))
      return 'user' in answer ? adopt(answer) : undefined
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
      end('logout')
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
      return adopt(await confirmed(() => bodyOf(server.PUT('/api/auth/password', { body, ...ours }))))
    },

    /** Proves again who the user is. Problems: 401 `invalid_credentials`, 401 `invalid_code`, 401 `second_factor_required`, 429, 503. */
    async stepUp(body: StepUp): Promise<User> {
      return adopt(await bodyOf(server.POST('/api/auth/step-up', { body, ...ours })))
    },

    /** Deletes the account and its data. Problems: 401 `invalid_credentials`, 403, 429. */
    async deleteAccount(body: AccountDeletion): Promise<void> {
      await confirmed(() => server.POST('/api/auth/profile/delete', { body, ...ours }))
      end('logout')
    }
  }
}
