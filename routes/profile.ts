import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { optional, ref } from '../schemas/common.ts'
import { PersonalData } from '../schemas/personal-data.ts'
import { AccountDeletion, AuthResponse, PasswordChange, ProfilePatch, User } from '../schemas/users.ts'
import type { Accounts } from '../src/auth/accounts.ts'
import { createPersonalExports } from '../src/auth/personal-export.ts'
import type { SecurityLog } from '../src/auth/security-log.ts'
import type { BodyStream } from '../src/http/large-bodies.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'
import type { Product } from '../src/product/product.ts'
import { usersRepository } from '../src/repositories/users.ts'

const tags = ['profile']
const read = {
  operationId: 'getProfile',
  tags,
  summary: 'Your account',
  description: 'Reads the account from the database: the name, the email, and when it was last changed.',
  response: { 200: answer('The account', ref(User)) },
  problems: [404]
}
const update = {
  operationId: 'updateProfile',
  tags,
  summary: 'Change your name',
  description: 'Omitted fields keep their values. The answer is the account as it is from now on.',
  body: ref(ProfilePatch),
  response: { 200: answer('The changed account', ref(User)) },
  problems: [404]
}

const download = {
  operationId: 'exportProfile',
  tags,
  summary: 'Download everything that is stored about you',
  description:
    'One JSON document with the account, the sessions, the factors, the mails, the events and all that you have stored, without secrets. It is ' +
    'streamed, and not one snapshot: what changes meanwhile may be missing. A user of another issuer needs a token that was ' +
    'issued within five minutes, or gets `step_up_required` with `max_age=300`. 429: another download of yours is still running.',
  stepUp: 'or-fresh-token' as const,
  response: { 200: answer('The document', Type.Unsafe<PersonalData | BodyStream>(ref(PersonalData))) },
  problems: [404, 429]
}
const remove = {
  operationId: 'deleteAccount',
  tags,
  summary: 'Delete your account, your sessions and all that you have stored',
  description:
    'Nothing can be restored, so ask the person first. Send the password of the account. An account of another issuer ' +
    'has none: send no body, with a token that is less than five minutes old, or get 403. The client drops its tokens. ' +
    '409: the user is the only admin.',
  stepUp: 'second-factor' as const,
  body: optional(ref(AccountDeletion)),
  response: { 204: nothing('The account and all its data are deleted') },
  problems: [403, 409, 429]
}
const changePassword = {
  operationId: 'changePassword',
  tags,
  summary: 'Change your password and end all other sessions',
  description:
    'Ends every session, also those of somebody who knows the old password, and opens a new one. Replace both stored ' +
    'tokens by those of the answer. 403: the account belongs to another issuer, which keeps its password.',
  stepUp: 'second-factor' as const,
  body: ref(PasswordChange),
  response: { 200: answer('The password is changed, and a new session is open', ref(AuthResponse)) },
  problems: [403, 429]
}

interface Options {
  accounts: Accounts
  securityLog: SecurityLog
  personalData: Product['personalData']
}

export const profileRoutes: Routes<Options> = async function profileRoutes(
  app,
  { accounts, securityLog, personalData }
) {
  const exports = createPersonalExports(app.reads, personalData)
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

  app.get('/export', { schema: download }, async ({ user, client }, reply) => {
    const stream = await exports.open(user.id)
    if (stream === 'running') throw problems.tooManyRequests(1)
    if (!stream) throw problems.notFound('User')
    await securityLog.record('account.exported', client, { user_id: user.id, session_id: user.token.sessionId })
    reply.type('application/json; charset=utf-8').header('content-disposition', 'attachment; filename="gatehouse.json"')
    return stream
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
    const opened = await accounts.changePassword(request.user.token, request.body, request.client)
    return inCookie ? reply.withRefreshCookie(opened) : opened
  })
}
