import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { test } from 'tap'
import { hashOf } from '../../src/audit/chain.ts'
import { sealEvents } from '../../src/audit/sealing.ts'
import { verify } from '../../src/audit/verifying.ts'
import { migrations } from '../../src/database/migrate.ts'
import type { Database } from '../../src/database/tables.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { password, startApp } from '../helpers/app.ts'
import { factored } from '../helpers/factors.ts'
import { personalTokensOf } from '../helpers/personal-tokens.ts'
import { startSigning } from '../helpers/signing.ts'
import { until } from '../helpers/wait.ts'

const names = Object.keys(await migrations.getMigrations()).sort()
const before = (name: string) => names[names.indexOf(name) - 1] as string

async function migrateTo(db: Kysely<Database>, name: string): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrations }).migrateTo(name)
  if (error) throw error
}
const migrateUp = (db: Kysely<Database>) => migrateTo(db, names.at(-1) as string)

const addEvent = (db: Kysely<Database>) =>
  sql`insert into security_events (id, event, address) values (gen_random_uuid(), 'login', '192.0.2.1')`.execute(db)

async function sealAll(db: Kysely<Database>): Promise<void> {
  // The app may be sealing.
  await until('all events are sealed', async () => (await sealEvents(db)) || false)
}

/** Seals the next event without details, as a release without migration 0028 does. */
async function sealAsBefore(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ position: number; hash: Buffer }>`
    select position::float8, hash from security_events where position is not null order by position desc limit 1`.execute(
    db
  )
  const [last] = rows
  if (!last) throw new Error('no event is sealed')
  await sql`insert into security_events (id, event) values (gen_random_uuid(), 'login')`.execute(db)
  const [event] = await auditEventsRepository(db).unsealed(1)
  if (!event) throw new Error('no event waits')
  const position = last.position + 1
  const commitments = { client_commitment: null, reason_commitment: null }
  const hash = hashOf(Buffer.from(last.hash), position, { ...event, ...commitments })
  await sql`update security_events set position = ${position}, hash = ${hash}, address = null where id = ${event.id}`.execute(
    db
  )
}

test('each migration runs down and up on a database in use without losing users or tasks', async (t) => {
  const clock = { now: Date.now() }
  const { app, signUp, anyone } = await startSigning(t, 'EdDSA', { clock: () => clock.now })
  const { db } = app
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'kept' })
  await personalTokensOf(app).program(ann)
  const ben = await factored(app, clock).register()
  await sql`update users set role = 'admin' where id = ${ben.id}`.execute(db)
  await sql`update users set is_active = false where id = ${ben.id}`.execute(db)
  await sealAll(db)
  t.match(await verify(db), { broken: undefined })
  for (const name of names.filter((name) => name > '0008').reverse()) {
    await t.resolves(migrateTo(db, before(name)), `${name} goes down`)
    await addEvent(db)
  }
  await migrateUp(db)
  await sealAll(db)
  const { broken, events } = await verify(db)
  t.equal(broken, undefined)
  t.ok(events > names.filter((name) => name > '0008').length)
  const login = await anyone.post('/api/auth/login', { email: ann.email, password })
  t.equal(login.statusCode, 200)
  const tasks = await sql<{ title: string }>`select title from tasks where user_id = ${ann.id}`.execute(db)
  t.strictSame(tasks.rows, [{ title: 'kept' }])
  t.equal((await anyone.post('/api/auth/login', { email: ben.email, password })).statusCode, 401, 'disabled')
})

test('after a migration has run down and up with events in between, the audit chain verifies', async (t) => {
  const { db } = (await startApp(t)).app
  for (const name of names.filter((name) => name > '0025'))
    await t.test(name, async (t) => {
      const before0028 = name <= '0028_audit_head'
      for (let i = 0; i < 5; i += 1) await addEvent(db)
      await sealAll(db)
      const { events } = await verify(db)
      const head = await auditEventsRepository(db).head()
      await migrateTo(db, before(name))
      await addEvent(db)
      if (before0028) await sealAsBefore(db)
      await migrateUp(db)
      await addEvent(db)
      await sealAll(db)
      const verdict = await verify(db, { anchor: head })
      t.match(verdict, { broken: undefined, start: 0, events: events + (before0028 ? 3 : 2) })
      t.strictSame(await auditEventsRepository(db).head(), verdict.head, 'the head is the end')
      const removal = await db.startTransaction().execute()
      await sql`alter table security_events disable trigger user`.execute(removal)
      await sql`delete from security_events where position = ${verdict.head.position}`.execute(removal)
      t.match((await verify(removal)).broken, { position: verdict.head.position }, 'and its removal is noticed')
      await removal.rollback().execute()
    })
})
