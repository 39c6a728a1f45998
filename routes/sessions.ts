import { Type } from '@sinclair/typebox'
import { Id, ref } from '../schemas/common.ts'
import { SessionList } from '../schemas/sessions.ts'
import type { Sessions } from '../src/auth/sessions.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['sessions']
const params = Type.Object({ id: Id })
const gone = { 204: Type.Null() }
const list = {
  operationId: 'listSessions',
  tags,
  summary: 'List your sessions',
  response: { 200: ref(SessionList) }
}
const end = {
  operationId: 'endSession',
  tags,
  summary: 'End one of your sessions',
  params,
  response: gone,
  problems: [404]
}
const endOthers = {
  operationId: 'endOtherSessions',
  tags,
  summary: 'End all sessions except the current one',
  response: gone
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
