import { sql } from 'kysely'
import t, { test } from 'tap'
import { idempotencyKeysRepository, insertOnce } from '../../src/repositories/idempotency-keys.ts'
import { tasksRepository } from '../../src/repositories/tasks.ts'
import { startApp } from '../helpers/app.ts'
import { fresh, keyed, milk } from '../helpers/keyed.ts'
import { server } from '../helpers/template.ts'

const { app, signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
const { create, count } = keyed(ann)

test('of concurrent requests one creates the task; the others get it too, or 409', async (t) => {
  const [key, before] = [fresh(), await count()]
  const answers = await Promise.all(Array.from({ length: 20 }, () => create(key)))
  const firsts = answers.filter(({ statusCode, headers }) => statusCode === 201 && !headers['idempotency-replayed'])
  t.equal(firsts.length, 1)
  for (const { statusCode, body } of answers)
    t.ok(statusCode === 409 || (statusCode === 201 && body === firsts[0]?.body), `${statusCode}`)
  t.equal(await count(), before + 1)
})

test('while the first one is in progress others get 409, and a failed first one has no effect', async (t) => {
  const held = fresh()
  // Simulates another process that holds the key's lock, because the embedded database has only one connection.
  await sql`create function nothing() returns trigger language plpgsql as 'begin return null; end'`.execute(app.db)
  await sql`create trigger hold before insert on idempotency_keys for each row execute function nothing()`.execute(
    app.db
  )
  const answer = await create(held)
  await sql`drop trigger hold on idempotency_keys`.execute(app.db)
  t.match(answer.json(), { status: 409, code: 'idempotency_in_progress' })
  t.equal(answer.headers['retry-after'], '1')
  t.equal((await create(held)).statusCode, 201)
})

test('an insert whose condition does not hold does not use up its key', async (t) => {
  const claim = { userId: ann.id, key: crypto.randomUUID(), fingerprint: Buffer.alloc(32) }
  const task = { into: 'tasks', values: { title: 'refused' }, returning: ['id'] }
  t.equal(await insertOnce(app.db, claim, { ...task, when: sql<boolean>`false` }), undefined)
  t.equal(await idempotencyKeysRepository(app.db).find(claim), undefined)
})

test('the lock of the first request ends with its transaction, also if its connection dies', {
  skip: !server && 'needs PostgreSQL'
}, async (t) => {
  const [key, before] = [crypto.randomUUID(), await count()]
  const claim = { userId: ann.id, key, fingerprint: Buffer.alloc(32) }
  const died = app.db.transaction().execute(async (trx) => {
    t.ok(await tasksRepository(trx).insertOnce(claim, milk))
    t.equal((await create(key)).json().code, 'idempotency_in_progress', 'at once, not when the lock is free')
    t.equal((await create(key, milk, { as: ben })).statusCode, 201, 'nobody else waits')
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx)
  })
  await t.rejects(died)
  t.equal((await create(key)).statusCode, 201)
  t.equal(await count(), before + 1)
})

test('a key counts for 24 hours, and an older one is not replayed while it is claimed again', async (t) => {
  const age = (key: string, interval: string) =>
    app.db
      .updateTable('idempotency_keys')
      .set({ created_at: sql<string>`now() - ${interval}::interval` })
      .where('key', '=', key.slice(1, -1))
      .execute()
  const [young, old] = [fresh(), fresh()]
  const [first, second] = [await create(young), await create(old)]
  await age(young, '23 hours 59 minutes')
  await age(old, '24 hours')
  t.equal((await create(young)).json().id, first.json().id)
  if (server)
    await app.db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`idempotency ${ann.id} ${old.slice(1, -1)}`}, 0))`.execute(
        trx
      )
      t.equal((await create(old)).json().code, 'idempotency_in_progress')
    })
  const anew = await create(old, { title: 'something else' })
  t.equal(anew.statusCode, 201)
  t.not(anew.json().id, second.json().id)
  t.equal((await create(old, { title: 'something else' })).body, anew.body, 'and again for 24 hours')
})

test("a deleted user's keys are deleted, and the user must log in", async (t) => {
  const ghost = await signUp()
  await create(fresh(), milk, { as: ghost })
  // Without the trigger the token is not yet known to be revoked.
  await sql`alter table sessions disable trigger revoke`.execute(app.db)
  await app.db.deleteFrom('users').where('id', '=', ghost.id).execute()
  await sql`alter table sessions enable trigger revoke`.execute(app.db)
  t.strictSame(await app.db.selectFrom('idempotency_keys').select('key').where('user_id', '=', ghost.id).execute(), [])
  t.equal((await create(fresh(), milk, { as: ghost })).json().code, 'token_revoked')
})
