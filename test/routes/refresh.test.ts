import { sql } from 'kysely'
import t, { test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { type Issued, refreshing, sessionOf } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'
import { server } from '../helpers/template.ts'
import { inTime, until } from '../helpers/wait.ts'

const { app, signUp, anyone } = await startApp(t)
const { refresh, register, login, age, rowOf, eventsOf } = refreshing(app)
const renew = async (token: string): Promise<Issued> => (await refresh(token)).json()
const works = async ({ access_token }: Issued) =>
  (await caller(app, access_token).get('/api/auth/me')).statusCode === 200

test('a refresh returns two new tokens of the same session, and the old access token stays valid', async (t) => {
  const first = await register()
  const answer = await refresh(first.refresh_token)
  t.equal(answer.statusCode, 200)
  t.notOk(answer.headers['set-cookie'])
  const second: Issued = answer.json()
  t.not(second.refresh_token, first.refresh_token)
  t.not(second.access_token, first.access_token)
  t.strictSame(second.user, first.user)
  t.match(second, { token_type: 'bearer', expires_in: 7 * 24 * 3600, refresh_expires_in: 30 * 24 * 3600 })
  t.equal(sessionOf(second.refresh_token), sessionOf(first.refresh_token))
  t.ok((await works(first)) && (await works(second)))
})

/** Milliseconds for which a replaced token returns its successor. */
const grace = 10_000

test('a token that was just replaced returns the same successor, also repeatedly and concurrently', async (t) => {
  const answers = await inTime('twenty-two uses of a token', grace, async () => {
    const { refresh_token: token } = await register()
    const answers = [await renew(token), await renew(token)]
    return [...answers, ...(await Promise.all(Array.from({ length: 20 }, () => renew(token))))]
  })
  t.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1)
  t.ok(await works(answers.at(-1) as Issued))
  t.equal((await refresh(answers[0]?.refresh_token ?? '')).statusCode, 200, 'which works')
})

test('fifty concurrent uses of one token return one successor', async (t) => {
  const session = await register()
  for (let round = 0; round < 5; round += 1) {
    const answers = await inTime('fifty uses of a token', grace, async () => {
      const { refresh_token: token } = await login(session)
      // On a busy machine, some get a 503 and try again.
      const insist = () =>
        until('an answer other than 503', async () => {
          const answer = await refresh(token)
          return answer.statusCode !== 503 && answer
        })
      return Promise.all(Array.from({ length: 50 }, insist))
    })
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
    t.equal(new Set(answers.map((answer) => (answer.json() as Issued).refresh_token)).size, 1)
  }
})

const reuses: Record<string, (tokens: string[]) => Promise<string>> = {
  'the token just replaced, after ten seconds': async ([first = '']) => {
    await age(first, ['rotated_at'], 10.001)
    return first
  },
  'the grandparent, at once': async ([first = '', second = '']) => {
    await refresh(second)
    return first
  },
  'the grandparent, while its child still gives the successor': async ([first = '', second = '']) => {
    await refresh(second)
    await refresh(second)
    return first
  }
}
for (const [what, prepare] of Object.entries(reuses))
  test(`${what}, used again: the session ends and the reuse is recorded`, async (t) => {
    const issued = await register()
    const second = await renew(issued.refresh_token)
    const stolen = await prepare([issued.refresh_token, second.refresh_token])
    refused(t, await refresh(stolen), 'invalid_token', 'who brings it')
    for (const token of [issued.refresh_token, second.refresh_token, stolen])
      refused(t, await refresh(token), 'invalid_token', 'every token of the session')
    for (const { access_token } of [issued, second])
      refused(t, await caller(app, access_token).get('/api/auth/me'), 'token_revoked', 'access tokens')
    t.equal(await rowOf(issued.refresh_token), undefined)
    t.strictSame(await eventsOf(issued.refresh_token), ['refresh.reused'], 'once')
    const other = await login(issued)
    t.ok(await works(other), 'the owner logs in again')
  })

test('the ten seconds of grace begin with the rotation, not with a reuse', async (t) => {
  const { token, reuses } = await inTime('a rotation and two reuses', 2_000, async () => {
    const { refresh_token: token } = await register()
    await renew(token)
    await age(token, ['rotated_at'], 8)
    return { token, reuses: [await refresh(token), await refresh(token)] }
  })
  t.strictSame(
    reuses.map(({ statusCode }) => statusCode),
    [200, 200],
    'after eight seconds, and reuse does not count as rotation'
  )
  await age(token, ['rotated_at'], 2)
  refused(t, await refresh(token), 'invalid_token', 'so that the ten seconds end')
})

const made: Record<string, (token: string) => string> = {
  'another tag': (token) => {
    const bytes = Buffer.from(token, 'base64url')
    bytes.fill(0, 48)
    return bytes.toString('base64url')
  },
  'other random bits': (token) => {
    const bytes = Buffer.from(token, 'base64url')
    bytes.fill(7, 16, 48)
    return bytes.toString('base64url')
  },
  'the session’s id alone': (token) => Buffer.from(token, 'base64url').subarray(0, 16).toString('base64url'),
  truncated: (token) => token.slice(0, -2),
  padded: (token) => `${token}==`,
  'with a blank': (token) => ` ${token}`,
  'respelled in base64': (token) => Buffer.from(token, 'base64url').toString('base64'),
  'in capitals': (token) => token.toUpperCase(),
  'with U+0000': (token) => `${token}\0`,
  empty: () => '',
  'the session’s id as text': sessionOf,
  'one of our access tokens': () => ourToken(),
  'a bridge token': () => bridgeToken()
}
test('a token that we did not issue is refused and ends no session', async (t) => {
  const ann = await register()
  for (const [what, make] of Object.entries(made))
    refused(t, await refresh(make(ann.refresh_token)), 'invalid_token', what)
  refused(t, await refresh(ann.access_token), 'invalid_token', 'the access token that came along')
  t.strictSame(await eventsOf(ann.refresh_token), [])
  t.equal((await refresh(ann.refresh_token)).statusCode, 200)
})

test('a refresh token is not an access token', async (t) => {
  const { refresh_token } = await register()
  refused(t, await caller(app, refresh_token).get('/api/auth/me'), 'invalid_token', 'current')
  await refresh(refresh_token)
  refused(t, await caller(app, refresh_token).get('/api/auth/me'), 'invalid_token', 'replaced')
})

test('the refresh token determines the user, whoever sends it', async (t) => {
  const [ann, bob] = [await register(), await signUp()]
  const answer = await bob.post('/api/auth/refresh', { refresh_token: ann.refresh_token })
  t.equal(answer.json().user.id, ann.user.id)
})

test('a missing refresh token and one that is not text are refused', async (t) => {
  refused(t, await anyone.post('/api/auth/refresh'), 'invalid_token', 'nothing')
  refused(t, await anyone.post('/api/auth/refresh', {}), 'invalid_token', 'an empty object')
  for (const refresh_token of [null, 5, [], {}, 'x'.repeat(1_001)])
    t.equal((await anyone.post('/api/auth/refresh', { refresh_token })).statusCode, 400, JSON.stringify(refresh_token))
  t.equal((await anyone.post('/api/auth/refresh', { refresh_token: 'x', more: 1 })).statusCode, 400)
})

const day = 24 * 3600
/** The expected seconds, less those that the test itself takes. */
const about = (actual: number, expected: number) => actual <= expected && actual > expected - 60

const exp = ({ access_token }: Issued): number =>
  JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()).exp

test('each refresh extends the session by thirty days', async (t) => {
  const first = await register()
  await age(first.refresh_token, ['expires_at'], 20 * day)
  const answer: Issued = (await refresh(first.refresh_token)).json()
  t.ok(about(answer.refresh_expires_in, 30 * day))
  await age(answer.refresh_token, ['expires_at', 'rotated_at'], 29.9 * day)
  t.equal((await refresh(answer.refresh_token)).statusCode, 200)
})

const ages: [number, { refresh: number; access: number }][] = [
  [59, { refresh: 30, access: 7 }],
  [75, { refresh: 15, access: 7 }],
  [88, { refresh: 2, access: 2 }],
  [89.99, { refresh: 0.01, access: 0.01 }]
]
for (const [days, left] of ages)
  test(`after ${days} days a session and its tokens still end on the ninetieth day`, async (t) => {
    const first = await register()
    await age(first.refresh_token, ['created_at'], days * day)
    const answer: Issued = (await refresh(first.refresh_token)).json()
    t.ok(about(answer.refresh_expires_in, left.refresh * day), `refresh: ${answer.refresh_expires_in}`)
    t.ok(about(answer.expires_in, left.access * day), `access: ${answer.expires_in}`)
    const row = await rowOf(answer.refresh_token)
    t.ok(exp(answer) <= Date.parse(row?.expires_at ?? '') / 1000)
    t.ok(Date.parse(row?.access_expires_at ?? '') / 1000 > exp(answer), 'a revocation would outlive it')
    const again: Issued = (await refresh(first.refresh_token)).json()
    t.ok(again.refresh_expires_in <= answer.refresh_expires_in, 'nor the one just replaced')
  })

const ends: Record<string, (token: string, user: string) => Promise<unknown>> = {
  'thirty days without use': (token) => age(token, ['expires_at'], 30 * day),
  'ninety days, however often it was used': (token) => age(token, ['created_at'], 90 * day),
  'an operator': (_token, user) => app.db.deleteFrom('sessions').where('user_id', '=', user).execute(),
  deactivation: (_token, user) =>
    app.db.updateTable('users').set({ is_active: false }).where('id', '=', user).execute(),
  deletion: (_token, user) => app.db.deleteFrom('users').where('id', '=', user).execute(),
  logout: (token) => refresh(token).then((answer) => caller(app, answer.json().access_token).post('/api/auth/logout'))
}
for (const [what, end] of Object.entries(ends))
  test(`a session that ended by ${what} refuses its refresh tokens, without a report of reuse`, async (t) => {
    const first = await register()
    const second: Issued = (await refresh(first.refresh_token)).json()
    await end(second.refresh_token, first.user.id)
    for (const { refresh_token } of [second, first])
      refused(t, await refresh(refresh_token), 'invalid_token', 'its token')
    t.notOk((await eventsOf(first.refresh_token)).includes('refresh.reused'))
  })

test('a user who is activated again must log in again', async (t) => {
  const ann = await register()
  for (const is_active of [false, true])
    await app.db.updateTable('users').set({ is_active }).where('id', '=', ann.user.id).execute()
  refused(t, await refresh(ann.refresh_token), 'invalid_token', 'the old session')
  await app.revocations.catchUp()
  refused(t, await caller(app, ann.access_token).get('/api/auth/me'), 'token_revoked', 'and its access token')
})

test('the lifetimes are settings, and a shorter one applies to existing sessions', async (t) => {
  const settings = { ACCESS_TOKEN_TTL: '1h', REFRESH_TOKEN_TTL: '2h', SESSION_TTL: '3h' }
  const { app } = await startApp(t, { settings })
  const { refresh, register, age } = refreshing(app)
  const first = await register()
  t.match(first, { expires_in: 3600, refresh_expires_in: 7200 })
  await age(first.refresh_token, ['created_at'], 2.5 * 3600)
  const second: Issued = (await refresh(first.refresh_token)).json()
  t.ok(about(second.refresh_expires_in, 1800) && about(second.expires_in, 1800))
  await age(second.refresh_token, ['created_at'], 3600)
  await age(second.refresh_token, ['expires_at'], -day)
  refused(t, await refresh(second.refresh_token), 'invalid_token', 'begun under a longer one')
})

test('an unknown refresh token takes as many queries as one of an ended session, so that time reveals nothing', async (t) => {
  const account = { email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' }
  const { refresh_token: ended, access_token } = (await anyone.post('/api/auth/register', account)).json()
  await anyone.post('/api/auth/logout', undefined, { headers: { authorization: `Bearer ${access_token}` } })
  const queriesOf = countQueries(t, app)
  const costs: [string, number][] = []
  for (const refresh_token of [ended, 'A'.repeat(ended.length), ended.slice(0, -1), 'x']) {
    let code = ''
    const cost = await queriesOf(async () => {
      code = (await anyone.post('/api/auth/refresh', { refresh_token })).json().code
    })
    costs.push([code, cost])
  }
  t.strictSame(costs, Array(4).fill(['invalid_token', 2]))
})

/** Adds a trigger with this SQL. Returns a function that removes it. */
async function sabotage(deed: string, when: string): Promise<() => Promise<unknown>> {
  await sql`create function sabotage() returns trigger language plpgsql as ${sql.lit(`begin ${deed}; return new; end`)}`.execute(
    app.db
  )
  await sql`create ${sql.raw(when)} execute function sabotage()`.execute(app.db)
  return () => sql`drop function sabotage cascade`.execute(app.db)
}

/** Queries until the pool has replaced all killed connections. */
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
  test(`a database that ${what} leaves the old token valid`, {
    skip: needsServer === true && !server && 'needs TEST_DATABASE_URL: the embedded database has no backends to kill'
  }, async (t) => {
    const { refresh_token: token } = await register()
    const before = await rowOf(token)
    const stop = await sabotage(deed, when)
    const answers = await Promise.all(Array.from({ length: 3 }, () => refresh(token)))
    for (const answer of answers)
      t.match(answer, { statusCode: 503, headers: { 'retry-after': /^\d+$/ }, body: /"code":"unavailable"/ })
    await recover()
    await stop()
    t.strictSame(await rowOf(token), before)
    const second: Issued = (await refresh(token)).json()
    t.equal((await refresh(second.refresh_token)).statusCode, 200)
    t.strictSame(await eventsOf(token), [])
  })

test('reuse ends the session even if the event cannot be stored', async (t) => {
  const first = await register()
  const second: Issued = (await refresh(first.refresh_token)).json()
  await refresh(second.refresh_token)
  const stop = await sabotage(failure, 'trigger sabotage before insert on security_events for each row')
  refused(t, await refresh(first.refresh_token), 'invalid_token', 'the thief')
  await stop()
  refused(t, await refresh(second.refresh_token), 'invalid_token', 'the session')
  refused(t, await caller(app, second.access_token).get('/api/auth/me'), 'token_revoked', 'its access token')
})

test('a session that cannot be ended continues, and the next reuse ends it', async (t) => {
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

test('a refresh concurrent with the end of the session leaves no valid token', async (t) => {
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
