import { type CompiledQuery, sql } from 'kysely'
import t, { test } from 'tap'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { startApp } from '../helpers/app.ts'

const { db } = (await startApp(t)).app
const events = securityEventsRepository(db)
const [ann, ben] = [crypto.randomUUID(), crypto.randomUUID()]
const address = '192.0.2.0/24'

// An account under attack, in a table that PostgreSQL has not analyzed yet.
await sql`
  insert into security_events (id, event, user_id, address)
  select gen_random_uuid(), 'login.throttled', ${ann}, ${address} from generate_series(1, 5000)`.execute(db)

/** The number of pages that a query reads. */
async function pagesOf({ sql: text, parameters }: CompiledQuery): Promise<number> {
  const literal = text.replace(/\$(\d+)/g, (_, place) => `'${parameters[Number(place) - 1]}'`)
  const plan = await sql<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }] }>`
    explain (analyze, buffers, format json) ${sql.raw(literal)}`.execute(db)
  const blocks = plan.rows[0]?.['QUERY PLAN'][0].Plan
  return Number(blocks?.['Shared Hit Blocks']) + Number(blocks?.['Shared Read Blocks'])
}

test('the look-up costs no more for an account under attack, so its time reveals nothing', async (t) => {
  const asked = t.capture(db.getExecutor(), 'executeQuery', db.getExecutor().executeQuery)
  await events.hasLoggedInFrom(ann, address)
  const [
    {
      args: [query]
    } = { args: [] }
  ] = asked()
  const pages = query && (await pagesOf(query))
  t.ok(Number(pages) <= 10, `${pages} pages`)
})

test('the look-up tells whether a user has logged in from an address', async (t) => {
  t.equal(await events.hasLoggedInFrom(ben, address), false)
  for (const [event, user_id] of [
    ['login', ben],
    ['register', ann]
  ] as const)
    await events.insert({ event, user_id, address, user_agent: null })
  t.equal(await events.hasLoggedInFrom(ben, address), true)
  t.equal(await events.hasLoggedInFrom(ann, address), true)
  t.equal(await events.hasLoggedInFrom(ann, '198.51.100.0/24'), false)
  t.equal(await events.hasLoggedInFrom(crypto.randomUUID(), address), false)
})
