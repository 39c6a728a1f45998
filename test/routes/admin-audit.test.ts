import { sql } from 'kysely'
import t, { test } from 'tap'
import { createStatistics } from '../../src/operator/statistics.ts'
import { eventLists } from '../../src/repositories/event-lists.ts'
import { denied, promoted } from '../helpers/admins.ts'
import { password, startApp } from '../helpers/app.ts'

const clock = { now: Date.now() }
const { app, signUp, anyone } = await startApp(t, { clock: () => clock.now })
const ann = await promoted(app, await signUp())
const ben = await signUp()
const eve = await promoted(app, await signUp())
await anyone.post('/api/auth/login', { email: ben.email, password: 'wrong-horse-7' })
await anyone.post('/api/auth/login', { email: ben.email, password })
await ann.post(`/api/admin/users/${ben.id}/end-sessions`, { reason: 'Ticket 7' })

const list = async (query = '') => (await ann.get(`/api/admin/audit${query}`)).json()

test('events of operators are listed with actor, subject and reason, newest first', async (t) => {
  const { items } = await list()
  t.match(items[0], {
    ...{ event: 'sessions.ended', actor: 'admin', actor_id: ann.id, user_id: ben.id, reason: 'Ticket 7', times: 1 },
    request_id: /./
  })
  t.match(
    items.slice(1, 3).map(({ event, actor }: { event: string; actor: string }) => [event, actor]),
    [
      ['login', 'user'],
      ['login.failed', 'anonymous']
    ]
  )
})

test('a list has only the events that are asked for, each once, whatever the size of a page', async (t) => {
  const everything = (await list('?limit=100')).items as Record<string, string | null>[]
  const asked: [string, (event: Record<string, string | null>) => boolean][] = [
    ['', () => true],
    [`user_id=${ben.id}`, ({ user_id }) => user_id === ben.id],
    ['event=login', ({ event }) => event === 'login'],
    ['actor=user', ({ actor }) => actor === 'user'],
    [`actor=anonymous&user_id=${ben.id}`, ({ actor, user_id }) => actor === 'anonymous' && user_id === ben.id],
    ['event=nothing.known', () => false]
  ]
  for (const [query, matches] of asked)
    for (const limit of [1, 2, 100]) {
      const found: unknown[] = []
      let cursor: string | null = ''
      do {
        const page = await list(`?limit=${limit}&${query}${cursor && `&cursor=${cursor}`}`)
        found.push(...page.items)
        cursor = page.next_cursor
      } while (cursor)
      t.strictSame(found, everything.filter(matches), `${query}, ${limit} a page`)
    }
  const { next_cursor } = await list('?limit=1')
  denied(t, await ann.get(`/api/admin/audit?event=login&cursor=${next_cursor}`), 'validation_failed', 'another list')
  const { next_cursor: ofUsers } = await list('?limit=1&actor=user')
  denied(t, await ann.get(`/api/admin/audit?cursor=${ofUsers}`), 'validation_failed', 'of another actor')
  t.equal((await ann.get(`/api/admin/audit?cursor=${next_cursor}`)).statusCode, 200)
  denied(t, await eve.get(`/api/admin/audit?cursor=${next_cursor}`), 'validation_failed', 'of another admin')
  denied(t, await ann.get('/api/admin/audit?actor=nobody'), 'validation_failed', 'an unknown actor')
})

test('a filter that few events match reads a bounded number of them for a page', async (t) => {
  const { list } = eventLists(app.db, 2)
  const { items, next } = await list({ event: 'register', limit: 10 })
  t.strictSame(items, [])
  t.ok(next)
})

test('events are counted per day, and the counts of a past day are not computed again', async (t) => {
  const day = new Date(clock.now).toISOString().slice(0, 10)
  const noon = `${day}T12:00:00.000Z`
  async function today() {
    // Midnight may pass during the test.
    await sql`alter table security_events disable trigger user`.execute(app.db)
    await app.db.updateTable('security_events').set({ at: noon }).execute()
    await sql`alter table security_events enable trigger user`.execute(app.db)
    return (await ann.get('/api/admin/audit/days?days=2')).json().items
  }
  t.match(await today(), [
    { sign_ups: 0, sign_ins: 0 },
    { day, sign_ups: 3, sign_ins: 3, failures: 1, throttled: 0 }
  ])
  await anyone.post('/api/auth/login', { email: ben.email, password: 'wrong-horse-7' })
  t.match(await today(), [{}, { day, failures: 2 }])
  t.equal((await ann.get('/api/admin/audit/days')).json().items.length, 30)

  clock.now = Date.parse(noon) + 24 * 60 * 60 * 1000
  const fresh = (await anyone.post('/api/auth/login', { email: ann.email, password })).json()
  const later = { headers: { authorization: `Bearer ${fresh.access_token}` } }
  const yesterday = async () => (await anyone.get('/api/admin/audit/days?days=2', undefined, later)).json().items[0]
  t.match(await yesterday(), { day, failures: 2 })
  await anyone.post('/api/auth/login', { email: ben.email, password: 'wrong-horse-7' })
  t.match(await yesterday(), { day, failures: 2 }, 'counted once')
  clock.now += 100 * 24 * 60 * 60 * 1000
  const last = (await anyone.post('/api/auth/login', { email: ann.email, password })).json()
  const much = { headers: { authorization: `Bearer ${last.access_token}` } }
  t.equal((await anyone.get('/api/admin/audit/days?days=90', undefined, much)).json().items.length, 90)
})

test('for an hour after midnight the day before still counts what is stored late', async (t) => {
  const midnight = Date.parse('2026-03-02T00:00:00.000Z')
  let now = midnight + 59 * 60_000
  const lastDays = createStatistics(app.db, () => now)
  const store = () =>
    app.db
      .insertInto('security_events')
      .values({
        ...{ id: crypto.randomUUID(), event: 'login.failed', at: '2026-03-01T23:59:59.999Z' },
        ...{ user_id: null, address: null, user_agent: null }
      })
      .execute()
  const failures = async () => (await lastDays(2))[0]?.failures
  await store()
  t.equal(await failures(), 1)
  await store()
  t.equal(await failures(), 2)
  now = midnight + 61 * 60_000
  t.equal(await failures(), 2)
  await store()
  t.equal(await failures(), 2, 'later the day is not counted again')
})
