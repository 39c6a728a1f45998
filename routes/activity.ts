import { ActivityPage, ActivityQuery } from '../schemas/activity.ts'
import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import type { Cursors } from '../src/http/cursors.ts'
import type { Routes } from '../src/http/typebox.ts'
import { type EventPosition, securityEventsRepository } from '../src/repositories/security-events.ts'

const list = {
  operationId: 'listActivity',
  tags: ['sessions'],
  summary: 'List what happened to your account, newest first',
  description:
    'Logins, failed attempts, and changes of the password, the address or the sessions, so that a person can recognise ' +
    'what was not theirs. For the next page send `next_cursor` as `cursor` until it is null. Entries are kept for a limited time.',
  querystring: ActivityQuery,
  response: { 200: answer('The next entries', ref(ActivityPage)) }
}

export const activityRoutes: Routes<{ cursors: Cursors }> = async function activityRoutes(app, { cursors }) {
  const events = securityEventsRepository(app.reads)

  app.get('', { schema: list }, async ({ user, query: { limit, cursor } }) => {
    const scope = JSON.stringify([user.id, 'activity'])
    const after = cursor === undefined ? undefined : cursors.open<EventPosition>(scope, cursor)
    const { items, next } = await events.list(user.id, { limit, after })
    return { items, next_cursor: next ? cursors.seal(scope, next) : null }
  })
}
