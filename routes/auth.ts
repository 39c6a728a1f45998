import { Message, ref } from '../schemas/common.ts'
import { AuthenticatedUser, AuthResponse, Login, NewUser } from '../schemas/users.ts'
import type { Accounts } from '../src/auth/accounts.ts'
import type { Routes } from '../src/typebox.ts'

const tags = ['auth']
const register = {
  operationId: 'register',
  tags,
  summary: 'Sign up',
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
const logout = { operationId: 'logout', tags, summary: 'End this session', response: { 200: ref(Message) } }
const me = {
  operationId: 'getMe',
  tags,
  summary: 'Who the access token speaks for',
  response: { 200: ref(AuthenticatedUser) }
}

/** What needs no token: this is how one gets one. */
export const credentialRoutes: Routes<{ accounts: Accounts }> = async function credentialRoutes(app, { accounts }) {
  app.post('/register', { schema: register, onRequest: app.limitAttempts() }, async (request, reply) =>
    reply.code(201).send(await accounts.register(request.body))
  )

  app.post('/login', { schema: login, onRequest: app.limitAttempts() }, (request) => accounts.login(request.body))
}

export const sessionRoutes: Routes = async function sessionRoutes(app) {
  app.post('/logout', { schema: logout }, async () => ({ message: 'Logged out' }))

  app.get('/me', { schema: me }, async ({ user }) => ({
    user_id: user.id,
    email: user.email,
    expires_at: new Date(user.tokenExpiresAt * 1000).toISOString()
  }))
}
