import { Message, optional, ref } from '../schemas/common.ts'
import { Refresh } from '../schemas/sessions.ts'
import { AuthenticatedUser, AuthResponse, Login, NewUser } from '../schemas/users.ts'
import type { Accounts } from '../src/auth/accounts.ts'
import type { Sessions } from '../src/auth/sessions.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['auth']
const register = {
  operationId: 'register',
  tags,
  summary: 'Create an account and open a session',
  body: ref(NewUser),
  response: { 201: ref(AuthResponse) },
  problems: [409, 429]
}
const login = {
  operationId: 'login',
  tags,
  summary: 'Log in with email and password',
  body: ref(Login),
  response: { 200: ref(AuthResponse) },
  problems: [401, 429]
}
const refresh = {
  operationId: 'refresh',
  tags,
  summary: 'Exchange a refresh token, or the refresh cookie, for new tokens',
  body: optional(ref(Refresh)),
  response: { 200: ref(AuthResponse) },
  problems: [401, 403, 429]
}
const logout = { operationId: 'logout', tags, summary: 'End the current session', response: { 200: ref(Message) } }
const me = {
  operationId: 'getMe',
  tags,
  summary: 'The user that the access token identifies',
  response: { 200: ref(AuthenticatedUser) }
}

interface Options {
  accounts: Accounts
  sessions: Sessions
}

/** Public routes that issue access tokens. */
export const credentialRoutes: Routes<Options> = async function credentialRoutes(app, { accounts, sessions }) {
  app.post('/register', { schema: register, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    const answer = await accounts.register(body, client)
    return reply.code(201).send(body.refresh_cookie ? reply.withRefreshCookie(answer) : answer)
  })

  app.post('/login', { schema: login, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    const answer = await accounts.login(body, client)
    return body.refresh_cookie ? reply.withRefreshCookie(answer) : answer
  })

  app.post('/refresh', { schema: refresh, onRequest: app.limitAttempts() }, async (request, reply) => {
    const given = request.body?.refresh_token
    const token = given ?? request.refreshCookie()
    if (token === undefined) throw problems.invalidToken('no refresh token')
    const answer = await sessions.refresh(token, request.client)
    return given === undefined ? reply.withRefreshCookie(answer) : answer
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
