import { type CompiledQuery, sql } from 'kysely'
import t, { test } from 'tap'
import type { Database } from '../../src/database/tables.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { openEmpty } from '../helpers/databases.ts'

const { db } = await openEmpty<Database>(t)
const events = securityEventsRepository(db)
const [ann, ben] = [crypto.randomUUID(), crypto.randomUUID()]
const address = '192.0.2.0/24'

/** The number of pages that a query reads. */
async function pagesOf({ sql: text, parameters }: CompiledQuery): Promise<number> {
  const literal = text.replace(/\$(\d+)/g, (_, place) => `'${parameters[Number(place) - 1]}'`)
  const plan = await sql<{ 'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }] }>`
    explain (analyze, buffers, format json) ${sql.raw(literal)}`.execute(db)
  const blocks = plan.rows[0]?.['QUERY PLAN'][0].Plan
  return Number(blocks?.['Shared Hit Blocks']) + Number(blocks?.['Shared Read Blocks'])
}

const look: Record<string, (user: string) => Promise<unknown>> = {
  'whether a user has logged in from an address': (user) => events.hasLoggedInFrom(user, address),
  'the user agents of logins': (user) => events.userAgentsFrom(user, address),
  'whether an account was used': (user) => events.wasUsed(user)
}

const insert = (event: string, user: string, count: number) =>
  sql`insert into security_events (id, event, user_id, address)
    select gen_random_uuid(), ${event}, ${sql.raw(user)}, ${address} from generate_series(1, ${sql.lit(count)})`.execute(
    db
  )

/** What PostgreSQL knows of the table before the attack. */
const states: Record<string, () => Promise<unknown>> = {
  'that PostgreSQL has not analyzed': async () => {},
  'that was almost empty when PostgreSQL analyzed it': () => sql`analyze security_events`.execute(db),
  'of many users with few events each': async () => {
    await insert('login', 'gen_random_uuid()', 20_000)
    await sql`analyze security_events`.execute(db)
  }
}
for (const [state, prepare] of Object.entries(states))
  test(`an attack makes no look-up longer, which would reveal that the user exists, in a table ${state}`, async (t) => {
    await prepare()
    const user = crypto.randomUUID()
    await insert('login.throttled', `'${user}'::uuid`, 5_000)
    const executor = db.getExecutor()
    for (const [what, ask] of Object.entries(look)) {
      const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
      await ask(user)
      const queries = asked().flatMap(({ args: [query] }) => query)
      asked.restore()
      t.ok(queries.length > 0, what)
      for (const query of queries) {
        const pages = await pagesOf(query)
        t.ok(pages <= 10, `${what}: ${pages} pages`)
      }
    }
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
