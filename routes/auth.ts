import { answer, nothing } from '../schemas/answers.ts'
import { Message, optional, ref } from '../schemas/common.ts'
import { SecondFactor } from '../schemas/factors.ts'
import { Refresh } from '../schemas/sessions.ts'
import { AuthenticatedUser, AuthResponse, Login, NewUser } from '../schemas/users.ts'
import type { Accounts } from '../src/auth/accounts.ts'
import type { Challenges } from '../src/auth/factors/challenges.ts'
import type { Sessions } from '../src/auth/sessions.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['auth']
const register = {
  operationId: 'register',
  tags,
  summary: 'Create an account and open a session',
  description:
    'For a person who has no account yet. Keep both tokens of the answer: the person is signed in. ' +
    '409 `email_taken`: the address has an account, so offer to sign in. 202, without tokens, where the address must be ' +
    'confirmed first: tell the person to look for the mail. With private sign-up it is the answer for every address.',
  body: ref(NewUser),
  response: {
    201: answer('The account exists, and its first session is open', ref(AuthResponse)),
    202: answer('A mail is on its way, and the address must be confirmed before the first login', ref(Message))
  },
  problems: [409, 429]
}
const login = {
  operationId: 'login',
  tags,
  summary: 'Log in with email and password',
  description:
    'Opens a session beside those that the account has. Keep both tokens of the answer. An unknown address and a wrong ' +
    'password get the same 401 `invalid_credentials`. 401 `email_not_verified`, after the right password only: a mail to ' +
    'confirm the address is on its way. 401 `second_factor_required`, after the right password only: ask for one of `methods`, and send ' +
    '`challenge` with the code to `POST /api/auth/login/second-factor`. After 429 wait for as long as `Retry-After` says.',
  body: ref(Login),
  response: { 200: answer('The session is open', ref(AuthResponse)) },
  problems: [401, 429]
}
const secondFactor = {
  operationId: 'completeLogin',
  tags,
  summary: 'Complete a login with a second factor',
  description:
    'After 401 `second_factor_required` of a login: send its challenge with a code of the authenticator app or a recovery ' +
    'code. 401 `invalid_code`: the code is wrong or was used; ask again. 401 `invalid_token`: the challenge was used, is ' +
    'older than five minutes, or has had five wrong codes; begin with the password.',
  body: ref(SecondFactor),
  response: { 200: answer('The session is open', ref(AuthResponse)) },
  problems: [401, 429]
}
const refresh = {
  operationId: 'refresh',
  tags,
  summary: 'Exchange a refresh token, or the refresh cookie, for new tokens',
  description:
    'Call it before the access token expires, or when a request gets 401 `token_expired`. Replace both stored tokens by ' +
    'those of the answer: a refresh token works once, and a second use after more than 10 seconds ends the session as ' +
    'theft. 401 means that the session has ended: ask the person to sign in. 403 means that the page which sent the ' +
    'cookie is of an origin that may not use it.',
  body: optional(ref(Refresh)),
  response: {
    200: answer('Both tokens are replaced', ref(AuthResponse)),
    204: nothing('Nobody is signed in: the browser has no refresh cookie, and the request has `refresh_cookie`')
  },
  problems: [401, 403, 429]
}
const logout = {
  operationId: 'logout',
  tags,
  summary: 'End the current session',
  description:
    'Ends the session of the access token, at once and on every server: neither of its tokens works any longer, and the ' +
    'refresh cookie is removed. The client drops both tokens, whatever the answer.',
  response: { 200: answer('The session has ended', ref(Message)) }
}
const me = {
  operationId: 'getMe',
  tags,
  summary: 'The user that the access token identifies',
  description:
    'Reads the token only, not the database. Use it to check a token and to learn when it expires; for the name and the ' +
    'state of the account use `GET /api/auth/profile`.',
  response: { 200: answer('The token is valid', ref(AuthenticatedUser)) }
}

interface Options {
  accounts: Accounts
  challenges: Challenges
  sessions: Sessions
}

/** Public routes that issue access tokens. */
export const credentialRoutes: Routes<Options> = async function credentialRoutes(app, options) {
  const { accounts, challenges, sessions } = options
  app.post('/register', { schema: register, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    const opened = await accounts.register(body, client)
    if (!opened) return reply.code(202).send({ message: 'Confirm your address: a mail is on its way' })
    return reply.code(201).send(body.refresh_cookie ? reply.withRefreshCookie(opened) : opened)
  })

  app.post('/login', { schema: login, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    const opened = await accounts.login(body, client)
    return body.refresh_cookie ? reply.withRefreshCookie(opened) : opened
  })

  app.post(
    '/login/second-factor',
    { schema: secondFactor, onRequest: app.limitAttempts() },
    async ({ body, client }, reply) => {
      const opened = await challenges.answer(body, client)
      return body.refresh_cookie ? reply.withRefreshCookie(opened) : opened
    }
  )

  app.post('/refresh', { schema: refresh, onRequest: app.limitAttempts() }, async (request, reply) => {
    const { refresh_token: given, refresh_cookie: mayBeNobody } = request.body ?? {}
    const token = given ?? request.refreshCookie()
    // A browser prints each 401 on its console, also for a first visit.
    if (token === undefined && mayBeNobody) return reply.code(204).send(null)
    if (token === undefined) throw problems.invalidToken('no refresh token')
    const refreshed = await sessions.refresh(token, request.client)
    return given === undefined ? reply.withRefreshCookie(refreshed) : refreshed
  })
}

export const identityRoutes: Routes<Options> = async function identityRoutes(app, { sessions }) {
  app.post('/logout', { schema: logout }, async ({ user, client }, reply) => {
    await sessions.logOut(user.id, user.token, client)
    reply.clearRefreshCookie()
    return { message: 'Logged out' }
  })

  app.get('/me', { schema: me, config: { turn: 'none' } }, ({ user }, reply) => {
    const expires_at = new Date(user.token.expiresAt * 1000).toISOString()
    reply.send({ user_id: user.id, email: user.email, expires_at })
  })
}
