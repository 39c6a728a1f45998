import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { id, Message, ref } from '../schemas/common.ts'
import {
  ManagedUser,
  ManagedUserDetails,
  ManagedUserPage,
  ManagedUserQuery,
  Reason,
  RoleChange,
  UserDeletion
} from '../schemas/managed-users.ts'
import { PersonalData } from '../schemas/personal-data.ts'
import type { Client } from '../src/auth/client.ts'
import { normalEmail } from '../src/auth/email-address.ts'
import type { Cursors } from '../src/http/cursors.ts'
import type { BodyStream } from '../src/http/large-bodies.ts'
import type { Routes } from '../src/http/typebox.ts'
import type { Operations, Order } from '../src/operator/operations.ts'
import type { UserPosition } from '../src/repositories/user-lists.ts'

const tags = ['admin']
const params = Type.Object({ id: id('The id of the user') })
const list = {
  operationId: 'findUsers',
  tags,
  summary: 'Find users by part of the email, the name or the id',
  description:
    'All users, or those that match, the latest sign-in first. For the next page send `next_cursor` as `cursor` until it ' +
    'is null: a page may have fewer users than `limit`, or none, because a search reads a bounded number of them at a time.',
  querystring: ManagedUserQuery,
  response: { 200: answer('The next users', ref(ManagedUserPage)) }
}
const show = {
  operationId: 'showUser',
  tags,
  summary: 'Show a user',
  description: 'The account with its sessions, its second factors, its latest events, and what it stores.',
  params,
  response: { 200: answer('The user', ref(ManagedUserDetails)) },
  problems: [404]
}
const change = { tags, params, stepUp: true, body: ref(Reason), problems: [404] }
const disable = {
  ...change,
  operationId: 'disableUser',
  summary: 'Disable an account',
  description: 'Its sessions end at once, and nobody signs in to it until it is enabled. 409: nobody else is an admin.',
  response: { 200: answer('The account is disabled', ref(ManagedUser)) },
  problems: [404, 409]
}
const enable = {
  ...change,
  operationId: 'enableUser',
  summary: 'Enable an account that was disabled',
  description: 'Its user can sign in again. What has ended stays ended.',
  response: { 200: answer('The account is active', ref(ManagedUser)) }
}
const endSessions = {
  ...change,
  operationId: 'endSessionsOfUser',
  summary: 'End all sessions of a user',
  description:
    'Ends them at once and on every server. For another issuer’s user: all tokens that were issued up to now.',
  response: { 204: nothing('All sessions have ended') }
}
const resetFactors = {
  ...change,
  operationId: 'resetFactorsOfUser',
  summary: 'Remove all second factors of a user, and end all sessions',
  description:
    'For a person who has lost them, and whom you have identified otherwise: the password alone signs in afterwards. ' +
    'The user gets a notice by mail.',
  response: { 204: nothing('The user has no second factor') }
}
const sendReset = {
  ...change,
  operationId: 'sendResetToUser',
  summary: 'Send a user the mail to set a new password',
  description: 'The mail goes to the address of the account, at most five an hour. 403: another issuer’s, or disabled.',
  response: { 202: answer('The mail will be sent', ref(Message)) }
}
const exportData = {
  ...change,
  operationId: 'exportUser',
  summary: 'Download everything that is stored about a user',
  description:
    'The document that the user gets from `GET /api/auth/profile/export`, for a person who asks for their data without ' +
    'signing in. It is streamed, and has no secrets.',
  response: { 200: answer('The document', Type.Unsafe<PersonalData | BodyStream>(ref(PersonalData))) }
}
const changeRole = {
  ...change,
  operationId: 'changeRole',
  summary: 'Make a user an admin, or an admin a user',
  description:
    'All sessions of the user end, so that the change counts at once. 403: another issuer’s user. 409: nobody else is an admin.',
  body: ref(RoleChange),
  response: { 200: answer('The user has the role', ref(ManagedUser)) },
  problems: [404, 409]
}
const remove = {
  ...change,
  operationId: 'deleteUser',
  summary: 'Delete a user with all sessions and all that the user has stored',
  description:
    'Nothing can be restored. `email` must be the address of the account: let the operator type it. 409: nobody else is an admin.',
  body: ref(UserDeletion),
  response: { 204: nothing('The account and all its data are deleted') },
  problems: [404, 409]
}

const orderOf = ({ user, client, body }: { user: { id: string }; client: Client; body: Reason }): Order => ({
  actor: { id: user.id, client },
  reason: body.reason
})

interface Options {
  operations: Operations
  cursors: Cursors
}

export const adminUserRoutes: Routes<Options> = async function adminUserRoutes(app, { operations, cursors }) {
  app.get('', { schema: list }, async ({ user, query: { q: text, state, role, limit, cursor } }) => {
    const scope = JSON.stringify([user.id, 'users', text, state, role])
    const after = cursor === undefined ? undefined : cursors.open<UserPosition>(scope, cursor)
    const { items, next } = await operations.list({ text, state, role, limit, after })
    return { items, next_cursor: next ? cursors.seal(scope, next) : null }
  })

  app.get('/:id', { schema: show }, ({ params }) => operations.show(params.id))

  app.post('/:id/disable', { schema: disable }, (request) => operations.disable(request.params.id, orderOf(request)))

  app.post('/:id/enable', { schema: enable }, (request) => operations.enable(request.params.id, orderOf(request)))

  app.post('/:id/end-sessions', { schema: endSessions }, async (request, reply) => {
    await operations.endSessions(request.params.id, orderOf(request))
    return reply.code(204).send(null)
  })

  app.post('/:id/reset-factors', { schema: resetFactors }, async (request, reply) => {
    await operations.resetFactors(request.params.id, orderOf(request))
    return reply.code(204).send(null)
  })

  app.post('/:id/send-reset', { schema: sendReset }, async (request, reply) => {
    await operations.sendReset(request.params.id, orderOf(request))
    return reply.code(202).send({ message: 'The mail is on its way' })
  })

  app.post('/:id/export', { schema: exportData }, async (request, reply) => {
    const document = await operations.exportData(request.params.id, orderOf(request))
    reply.type('application/json; charset=utf-8').header('content-disposition', 'attachment; filename="gatehouse.json"')
    return document
  })

  app.put('/:id/role', { schema: changeRole }, (request) =>
    operations.setRole(request.params.id, request.body.role, orderOf(request))
  )

  app.post('/:id/delete', { schema: remove }, async (request, reply) => {
    await operations.remove(request.params.id, normalEmail(request.body.email) as string, orderOf(request))
    return reply.code(204).send(null)
  })
}
