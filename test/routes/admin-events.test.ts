import { sql } from 'kysely'
import t, { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import { verify } from '../../src/audit/verifying.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { promoted } from '../helpers/admins.ts'
import { startApp } from '../helpers/app.ts'
import { server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

interface Event {
  position: number
  user_agent: string | null
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
const sealed = () =>
  until('every event to be sealed', async () => {
    await sealEvents(db)
    return (await auditEventsRepository(db).waiting()).count === 0
  })

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
  // The service may have given it a place meanwhile, because of the logins before.
  const { items } = await read(`?after=${seen.length}`)
  t.ok(
    items.every(({ position }) => position > seen.length),
    'an event without a place is not shown yet'
  )
  await sealed()
  t.equal((await read(`?after=${seen.length}`)).items.length, 1)
})

const skip = server ? false : 'the embedded database runs one transaction at a time'
test('an event of a transaction that is open for long is not missed by those who follow the feed', {
  skip
}, async (t) => {
  const after = (await read('?limit=500')).items.at(-1)?.position ?? 0
  const [open, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const late = db.transaction().execute(async (trx) => {
    await securityEventsRepository(trx).insert({ event: 'logout', address: '192.0.2.9', user_agent: 'late' })
    open.resolve()
    await commit.promise
  })
  await open.promise
  await happen(3)
  await sealed()
  const first = await read(`?after=${after}`)
  t.equal(first.items.filter(({ user_agent }) => user_agent === 'tap').length, 3)
  t.notOk(first.items.some(({ user_agent }) => user_agent === 'late'))
  commit.resolve()
  await late
  await sealed()
  const { items } = await read(`?after=${first.next_after}`)
  t.equal(items.filter(({ user_agent }) => user_agent === 'late').length, 1)
})

test('with concurrent commits and several sealing processes, a reader of the feed gets every event once', {
  skip
}, async (t) => {
  const [writers, each] = [4, 30]
  let after = (await read('?limit=500')).items.at(-1)?.position ?? 0
  const seen: Event[] = []
  let isOver = false
  async function follow(): Promise<void> {
    const { items, next_after } = await read(`?after=${after}&limit=7`)
    seen.push(...items)
    after = next_after
    if (items.length > 0 || !isOver) return follow()
  }
  const write = async (writer: number) => {
    for (let i = 0; i < each; i++)
      await db.transaction().execute(async (trx) => {
        const user_agent = `writer ${writer}: ${i}`
        await securityEventsRepository(trx).insert({ event: 'logout', address: '192.0.2.1', user_agent })
        for (let turns = (writer * 7 + i * 3) % 11; turns > 0; turns--)
          await trx.selectNoFrom(sql`1`.as('one')).execute()
      })
  }
  const seal = async () => {
    while (!isOver) await sealEvents(db, { size: 5 })
  }
  const following = follow()
  const sealing = [seal(), seal()]
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  await writing.then(sealed).finally(() => {
    isOver = true
  })
  await Promise.all([following, ...sealing])
  const written = seen.flatMap(({ user_agent }) => (user_agent?.startsWith('writer ') ? user_agent : []))
  t.equal(written.length, writers * each)
  t.equal(new Set(written).size, writers * each)
  t.ok(
    seen.every(({ position }, i) => i === 0 || position === (seen[i - 1]?.position ?? 0) + 1),
    'without a gap'
  )
  t.match(await verify(db), { broken: undefined })
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

test('a user who is not an admin gets 403', async (t) => {
  const ann = await signUp()
  t.match((await ann.get(url)).json(), { status: 403, code: 'forbidden' })
})
