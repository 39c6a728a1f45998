import { sql } from 'kysely'
import t, { test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { type Issued, refreshing, sessionOf } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'
import { server } from '../helpers/template.ts'

const { app } = await startApp(t)
const { refresh, register, rowOf, eventsOf } = refreshing(app)

/** Lets every statement that touches sessions do this on the way, until it is told to stop. */
async function sabotage(deed: string, when: string): Promise<() => Promise<unknown>> {
  await sql`create function sabotage() returns trigger language plpgsql as ${sql.lit(`begin ${deed}; return new; end`)}`.execute(
    app.db
  )
  await sql`create ${sql.raw(when)} execute function sabotage()`.execute(app.db)
  return () => sql`drop function sabotage cascade`.execute(app.db)
}

/** Killed connections are handed out by the pool until it has heard of their end. */
async function recover(): Promise<void> {
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => sql`select 1`.execute(app.db)))
  if (asked.some(({ status }) => status === 'rejected')) await recover()
}

const failure = `raise exception 'sabotage' using errcode = '40001'`
const suicide = 'perform pg_terminate_backend(pg_backend_pid()), pg_sleep(1)'
const atUpdate = 'trigger sabotage after update on sessions for each row'
const atCommit = 'constraint trigger sabotage after update on sessions deferrable initially deferred for each row'

const disasters: Record<string, { deed: string; when: string; needsServer?: boolean }> = {
  'fails as it rotates': { deed: failure, when: atUpdate },
  'fails as it commits': { deed: failure, when: atCommit },
  'is killed as it rotates': { deed: suicide, when: atUpdate, needsServer: true },
  'is killed as it commits': { deed: suicide, when: atCommit, needsServer: true }
}
for (const [what, { deed, when, needsServer }] of Object.entries(disasters))
  test(`a database that ${what} leaves one live token`, {
    skip: needsServer === true && !server && 'needs TEST_DATABASE_URL: the embedded database has no backends to kill'
  }, async (t) => {
    const { refresh_token: token } = await register()
    const before = await rowOf(token)
    const stop = await sabotage(deed, when)
    const answers = await Promise.all(Array.from({ length: 3 }, () => refresh(token)))
    for (const answer of answers)
      t.match(answer, { statusCode: 503, headers: { 'retry-after': /^\d+$/ }, body: '"code":"unavailable"' })
    await recover()
    await stop()
    t.strictSame(await rowOf(token), before)
    const second: Issued = (await refresh(token)).json()
    t.equal((await refresh(second.refresh_token)).statusCode, 200)
    t.strictSame(await eventsOf(token), [])
  })

test('a theft that cannot be written down for now ends the session all the same', async (t) => {
  const first = await register()
  const second: Issued = (await refresh(first.refresh_token)).json()
  await refresh(second.refresh_token)
  const stop = await sabotage(failure, 'trigger sabotage before insert on security_events for each row')
  refused(t, await refresh(first.refresh_token), 'invalid_token', 'the thief')
  await stop()
  refused(t, await refresh(second.refresh_token), 'invalid_token', 'the session')
  refused(t, await caller(app, second.access_token).get('/api/auth/me'), 'token_revoked', 'its access token')
})

test('a session that cannot be ended lives on, and is ended by the next try', async (t) => {
  const first = await register()
  const second: Issued = (await refresh(first.refresh_token)).json()
  const third: Issued = (await refresh(second.refresh_token)).json()
  const stop = await sabotage(failure, 'trigger sabotage after insert on revocations for each row')
  t.equal((await refresh(first.refresh_token)).statusCode, 503)
  await stop()
  t.equal((await caller(app, third.access_token).get('/api/auth/me')).statusCode, 200)
  refused(t, await refresh(first.refresh_token), 'invalid_token', 'the grandparent again')
  refused(t, await caller(app, third.access_token).get('/api/auth/me'), 'token_revoked', 'its access token')
  t.equal(await rowOf(first.refresh_token), undefined)
})

test('refreshing beside the end of the session leaves nothing alive', async (t) => {
  for (let round = 0; round < 10; round += 1) {
    const first = await register()
    const ann = caller(app, first.access_token)
    const body = { current_password: 'correct-horse-7', new_password: 'another-horse-8' }
    const endings = [
      () => ann.post('/api/auth/logout'),
      () => ann.delete(`/api/auth/sessions/${sessionOf(first.refresh_token)}`),
      () => ann.put('/api/auth/password', body),
      () => ann.post('/api/auth/profile/delete', { password: body.current_password })
    ]
    const end = endings[round % endings.length] as (typeof endings)[0]
    const [, ...answers] = await Promise.all([end(), ...Array.from({ length: 10 }, () => refresh(first.refresh_token))])
    const alive = [first, ...answers.filter(({ statusCode }) => statusCode === 200).map((answer) => answer.json())]
    for (const { access_token, refresh_token } of alive as Issued[]) {
      refused(t, await refresh(refresh_token), 'invalid_token', `round ${round}`)
      refused(t, await caller(app, access_token).get('/api/auth/me'), 'token_revoked', `round ${round}`)
    }
    t.strictSame(
      (await eventsOf(first.refresh_token)).filter((event) => event === 'refresh.reused'),
      []
    )
  }
})
