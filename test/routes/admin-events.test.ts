import t, { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { promoted } from '../helpers/admins.ts'
import { startApp } from '../helpers/app.ts'

interface Event {
  position: number
  id: string
  event: string
}
interface Feed {
  items: Event[]
  next_after: number
}

const { app, signUp } = await startApp(t)
const { db } = app
const events = securityEventsRepository(db)
const url = '/api/admin/events'
const admin = await promoted(app, await signUp())
const read = async (query = ''): Promise<Feed> => (await admin.get(`${url}${query}`)).json()
const happen = async (count: number) => {
  for (let i = 0; i < count; i++) await events.insert({ event: 'logout', address: '192.0.2.1', user_agent: 'tap' })
}
async function sealed(): Promise<void> {
  while ((await auditEventsRepository(db).waiting()).count > 0) await sealEvents(db)
}

test('an admin follows all events in the order of the chain, with who, where and why', async (t) => {
  const ann = await signUp()
  await events.insert({
    ...{ event: 'sessions.ended', user_id: ann.id, address: '192.0.2.7', user_agent: 'tap', request_id: 'request-1' },
    ...{ actor: 'admin', actor_id: admin.id, reason: 'ticket 7' }
  })
  await sealed()
  const { items, next_after } = await read('?limit=500')
  t.strictSame(
    items.map(({ position }) => position),
    items.map((_, i) => i + 1)
  )
  t.equal(next_after, items.length)
  t.strictSame(Object.keys(items[0] ?? {}).sort(), [
    ...['actor', 'actor_id', 'at', 'event', 'id', 'ip', 'position', 'reason', 'request_id', 'session_id', 'times'],
    ...['user_agent', 'user_id']
  ])
  t.match(items.at(-1), {
    ...{ event: 'sessions.ended', user_id: ann.id, ip: '192.0.2.7', user_agent: 'tap', request_id: 'request-1' },
    ...{ actor: 'admin', actor_id: admin.id, reason: 'ticket 7', times: 1, session_id: null }
  })
})

test('the feed goes on where it ended, and misses and repeats nothing', async (t) => {
  await happen(7)
  await sealed()
  const all = await read('?limit=500')
  const seen: Event[] = []
  for (let after = 0; ; ) {
    const { items, next_after } = await read(`?after=${after}&limit=3`)
    if (items.length === 0) {
      t.equal(next_after, after, 'without new events it stays')
      break
    }
    seen.push(...items)
    after = next_after
    if (seen.length < 10) {
      await happen(1)
      await sealed()
    }
  }
  t.strictSame(seen.slice(0, all.items.length), all.items)
  t.strictSame(
    seen.map(({ position }) => position),
    seen.map((_, i) => i + 1)
  )
  await happen(1)
  t.strictSame((await read(`?after=${seen.length}`)).items, [], 'an event without a place is not shown yet')
  await sealed()
  t.equal((await read(`?after=${seen.length}`)).items.length, 1)
})

test('a wrong position or limit, and unknown parameters, are refused', async (t) => {
  for (const query of [
    'after=-1',
    'after=x',
    'after=1.5',
    'after=1e99',
    'limit=0',
    'limit=501',
    'cursor=1',
    'after=1&after=2'
  ])
    t.match((await admin.get(`${url}?${query}`)).json(), { status: 400, code: 'validation_failed' }, query)
})

test('a user who is no admin reads nothing', async (t) => {
  const ann = await signUp()
  t.match((await ann.get(url)).json(), { status: 403, code: 'forbidden' })
})
