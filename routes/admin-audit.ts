import { answer } from '../schemas/answers.ts'
import { ActivityDays, ActivityDaysQuery, AuditPage, AuditQuery } from '../schemas/audit.ts'
import { ref } from '../schemas/common.ts'
import type { Cursors } from '../src/http/cursors.ts'
import type { Routes } from '../src/http/typebox.ts'
import type { Statistics } from '../src/operator/statistics.ts'
import { eventLists } from '../src/repositories/event-lists.ts'
import type { EventPosition } from '../src/repositories/security-events.ts'

const tags = ['admin']
const list = {
  operationId: 'listAudit',
  tags,
  summary: 'List what users and operators did, newest first',
  description:
    'Logins, failed attempts, changes of accounts, and what operators did, with actor and reason. For the next page send ' +
    '`next_cursor` as `cursor` until it is null: a page may have fewer entries than `limit`, or none.',
  querystring: AuditQuery,
  response: { 200: answer('The next entries', ref(AuditPage)) }
}
const days = {
  operationId: 'countActivity',
  tags,
  summary: 'Count sign-ups, sign-ins, failures and refusals per day',
  description: 'For a chart of the last days, today included. Events that were pruned are not counted.',
  querystring: ActivityDaysQuery,
  response: { 200: answer('The days', ref(ActivityDays)) }
}

interface Options {
  statistics: Statistics
  cursors: Cursors
}

export const adminAuditRoutes: Routes<Options> = async function adminAuditRoutes(app, { statistics, cursors }) {
  const events = eventLists(app.reads)

  app.get('', { schema: list }, async ({ user, query: { event, user_id: userId, actor, limit, cursor } }) => {
    const scope = JSON.stringify([user.id, 'audit', event, userId, actor])
    const after = cursor === undefined ? undefined : cursors.open<EventPosition>(scope, cursor)
    const { items, next } = await events.list({ event, userId, actor, limit, after })
    return { items, next_cursor: next ? cursors.seal(scope, next) : null }
  })

  app.get('/days', { schema: days }, async ({ query }) => ({ items: await statistics(query.days) }))
}
