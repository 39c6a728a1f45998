import { answer } from '../schemas/answers.ts'
import { AuditEventFeed, AuditEventQuery } from '../schemas/audit-events.ts'
import { ref } from '../schemas/common.ts'
import type { Routes } from '../src/http/typebox.ts'
import { auditEventsRepository } from '../src/repositories/audit-events.ts'

const feed = {
  operationId: 'listEvents',
  tags: ['admin'],
  summary: 'Follow what users and operators do',
  description:
    'Events in the order of the chain, which no event joins in the middle: a client that goes on after `next_after` misses none and ' +
    'gets none twice. An event appears about a second after it happened. If the first `position` is not `after` + 1, older ' +
    'events were removed. Without new events `items` is empty: ask again some seconds later.',
  querystring: AuditEventQuery,
  response: { 200: answer('The next events', ref(AuditEventFeed)) }
}

export const adminEventRoutes: Routes = async function adminEventRoutes(app) {
  // Not a replica, whose events may end earlier than those that the client has.
  const events = auditEventsRepository(app.db)

  app.get('', { schema: feed }, async ({ query: { after, limit } }) => {
    const found = await events.after(after, limit)
    const items = found.map(({ address, ...event }) => ({ ...event, ip: address }))
    return { items, next_after: found.at(-1)?.position ?? after }
  })
}
