import { Type } from '@sinclair/typebox'
import { optional, ref } from '../schemas/common.ts'
import { AccountDeletion, AuthResponse, PasswordChange, ProfilePatch, User } from '../schemas/users.ts'
import type { Accounts } from '../src/auth/accounts.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'
import { usersRepository } from '../src/repositories/users.ts'

const tags = ['profile']
const read = { operationId: 'getProfile', tags, summary: 'Your account', response: { 200: ref(User) }, problems: [404] }
const update = {
  operationId: 'updateProfile',
  tags,
  summary: 'Change your name',
  body: ref(ProfilePatch),
  response: { 200: ref(User) },
  problems: [404]
}

const remove = {
  operationId: 'deleteAccount',
  tags,
  summary: 'Delete your account, your tasks and your sessions',
  body: optional(ref(AccountDeletion)),
  response: { 204: Type.Null() },
  problems: [403, 429]
}
const changePassword = {
  operationId: 'changePassword',
  tags,
  summary: 'Change your password and end all other sessions',
  body: ref(PasswordChange),
  response: { 200: ref(AuthResponse) },
  problems: [403, 429]
}

export const profileRoutes: Routes<{ accounts: Accounts }> = async function profileRoutes(app, { accounts }) {
  const users = usersRepository(app.db)
  const reading = usersRepository(app.reads)

  app.get('', { schema: read }, async (request) => {
    const user = await reading.find(request.user.id)
    if (!user) throw problems.notFound('User')
    return user
  })

  app.put('', { schema: update }, async (request) => {
    const user = await users.update(request.user.id, request.body)
    if (!user) throw problems.notFound('User')
    return user
  })

  app.post(
    '/delete',
    { schema: remove, config: { turn: 'hash' }, onRequest: app.limitAttempts() },
    async ({ user, body, client }, reply) => {
      await accounts.remove(user.id, user.token, body?.password, client)
      reply.clearRefreshCookie()
      return reply.code(204).send(null)
    }
  )
}

export const passwordRoutes: Routes<{ accounts: Accounts }> = async function passwordRoutes(app, { accounts }) {
  const options = { schema: changePassword, config: { turn: 'hash' }, onRequest: app.limitAttempts() } as const
  app.put('', options, async (request, reply) => {
    const inCookie = request.refreshCookie() !== undefined
    const answer = await accounts.changePassword(request.user.token, request.body, request.client)
    return inCookie ? reply.withRefreshCookie(answer) : answer
  })
}
