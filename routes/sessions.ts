import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { id, ref } from '../schemas/common.ts'
import { SessionList } from '../schemas/sessions.ts'
import type { Sessions } from '../src/auth/sessions.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['sessions']
const params = Type.Object({ id: id('The id of the session') })
const list = {
  operationId: 'listSessions',
  tags,
  summary: 'List your sessions',
  description:
    'Every login that has not ended, with its device, so that a person can recognise and end one. At most 1,000.',
  response: { 200: answer('The sessions', ref(SessionList)) }
}
const end = {
  operationId: 'endSession',
  tags,
  summary: 'End one of your sessions',
  description:
    'Ends it at once and on every server. To end the current one use `POST /api/auth/logout`, which also removes the ' +
    'refresh cookie.',
  params,
  response: { 204: nothing('The session has ended') },
  problems: [404]
}
const endOthers = {
  operationId: 'endOtherSessions',
  tags,
  summary: 'End all sessions except the current one',
  description:
    'For a person who has lost a device or sees a session that is not theirs. The tokens of this client stay valid.',
  response: { 204: nothing('All other sessions have ended') }
}

export const sessionRoutes: Routes<{ sessions: Sessions }> = async function sessionRoutes(app, { sessions }) {
  app.get('', { schema: list }, async ({ user }) => {
    const rows = await sessions.list(user.id)
    return { items: rows.map((row) => ({ ...row, current: row.id === user.token.sessionId })) }
  })

  app.delete('/:id', { schema: end }, async ({ user, params, client }, reply) => {
    if (!(await sessions.end(user.id, params.id, client))) throw problems.notFound('Session')
    return reply.code(204).send(null)
  })

  app.delete('', { schema: endOthers }, async ({ user, client }, reply) => {
    await sessions.endOthers(user.id, user.token, client)
    return reply.code(204).send(null)
  })
}
