import type { InjectOptions } from 'fastify'
import t, { test } from 'tap'
import { makeToken } from '../../src/auth/personal-tokens/token-text.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { feedToken } from '../helpers/feed.ts'
import { path, personalTokensOf } from '../helpers/personal-tokens.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'

let now = Date.now()
const settings = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '5', RATE_LIMIT_TOKEN: '8' }
const { app, anyone } = await startApp(t, {
  settings,
  clock: () => now,
  routes: (app) =>
    app.register(async (scope) => {
      scope.requireUser()
      scope.get('/api/bare', async () => ({}))
    })
})
let addresses = 0
/** Each from an address of its own, because attempts are limited by address. */
function elsewhere() {
  addresses += 1
  return { remoteAddress: `203.0.113.${addresses}` }
}
const { program, store, rowOf } = personalTokensOf(app, elsewhere)
async function signUp() {
  const person = { email: `${crypto.randomUUID()}@example.com`, name: 'Somebody', password }
  const { access_token, user } = (await anyone.post('/api/auth/register', person, elsewhere())).json()
  return { id: user.id as string, ...caller(app, access_token) }
}
const minute = 60_000
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const tasks = '/api/tasks'
const lookUp = /from "personal_tokens"/

/** The look-ups of tokens that an action causes. */
async function lookUps(action: () => unknown): Promise<number> {
  const executor = app.db.getExecutor()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
  await action()
  asked.restore()
  return asked().filter(({ args: [query] }) => lookUp.test(query.sql)).length
}

test('a route without a schema has no scope, so it refuses personal tokens', async (t) => {
  refused(t, await app.inject({ url: '/api/bare', ...bearer(makeToken()) }), 'invalid_token', 'no scope')
})

test('a token is looked up once, and then checked from memory; each use writes nothing', async (t) => {
  const script = await program(await signUp())
  t.equal(await lookUps(() => Promise.all([script.get(tasks), script.get(tasks), script.head(tasks)])), 1)
  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(() => script.get(tasks)), 1, 'the tasks')
  now += 61 * minute
  t.equal(await lookUps(() => script.get(tasks)), 1, 'again after an hour')
  now -= 61 * minute
})

test('a scope is needed for each route: with another one the answer is 403', async (t) => {
  const ann = await signUp()
  const reader = await program(ann, { scopes: ['tasks:read'] })
  const answer = await reader.post(tasks, { title: 'not allowed' })
  t.equal(answer.statusCode, 403)
  t.match(answer.json(), { code: 'insufficient_scope', detail: 'The token does not have the scope tasks:write' })
  const challenge = 'Bearer realm="gatehouse", error="insufficient_scope", scope="tasks:write"'
  t.equal(answer.headers['www-authenticate'], challenge)
  t.equal((await reader.get(tasks)).statusCode, 200)
  t.equal((await reader.get(`/api/users/${ann.id}/tasks`)).statusCode, 200)
  t.match((await reader.get(`/api/users/${crypto.randomUUID()}/tasks`)).json(), { code: 'forbidden' })
  const writer = await program(ann, { scopes: ['tasks:write'] })
  t.match((await writer.get(tasks)).json(), { code: 'insufficient_scope' })
  t.equal((await writer.post(tasks, { title: 'allowed' })).statusCode, 201)
})

test('an expired token is refused, even if it is cached', async (t) => {
  const { id } = await signUp()
  // The database has its own clock, and the tests before may have taken long.
  now = Date.now()
  const [known, old] = [await store(id, ['tasks:read'], '2 minutes'), await store(id, ['tasks:read'], '-1 second')]
  t.equal((await caller(app, known).get(tasks)).statusCode, 200)
  now += 3 * minute
  refused(t, await caller(app, known).get(tasks), 'token_expired', 'known')
  refused(t, await caller(app, old).get(tasks), 'token_expired', 'not known')
  now -= 3 * minute
})

test('hostile shapes reach neither the database nor a route', async (t) => {
  const { token } = await program(await signUp())
  const queriesOf = countQueries(t, app)
  const last = token.endsWith('0') ? '1' : '0'
  const shapes: Record<string, string> = {
    'a wrong checksum': token.slice(0, -1) + last,
    'upper case': token.toUpperCase().replace('GH_', 'gh_'),
    'lower case': token.toLowerCase(),
    'the prefix alone': 'gh_',
    'a letter more': `${token}A`,
    'a letter less': token.slice(0, -1),
    'a token twice': `${token},${token}`,
    'a very long one': `gh_${'0'.repeat(10_000)}`,
    'a JWT behind the prefix': 'gh_eyJhbGciOiJub25lIn0.e30.',
    'a percent-encoded one': token.replace('gh_', 'gh%5F'),
    'letters of another script': token.replace('g', 'ɡ')
  }
  const tryAll = async () => {
    for (const [what, shape] of Object.entries(shapes))
      refused(t, await anyone.get(tasks, undefined, bearer(shape)), 'invalid_token', what)
    for (const authorization of [`Token ${token}`, `Basic ${token}`, token, ` Bearer ${token}`]) {
      const answer = await anyone.get(tasks, undefined, { headers: { authorization } })
      refused(t, answer, 'not_authenticated', authorization.slice(0, 10))
    }
    for (const query of [`access_token=${token}`, `token=${token}`])
      refused(t, await anyone.get(`${tasks}?${query}`), 'not_authenticated', 'in the query')
    const twice = { authorization: [`Bearer ${token}`, `Bearer ${token}`] } as unknown as InjectOptions['headers']
    t.not((await app.inject({ url: tasks, headers: twice ?? {} })).statusCode, 200, 'the header twice')
  }
  t.equal(await queriesOf(tryAll), 0)
  t.equal((await anyone.get(tasks, undefined, { headers: { authorization: `bearer  ${token}` } })).statusCode, 200)
})

test('a flood of unknown tokens from one address asks the database for a few of them only', async (t) => {
  const script = await program(await signUp())
  const from = { remoteAddress: '198.51.100.7' }
  t.equal((await script.get(tasks, undefined, from)).statusCode, 200)
  const statuses: number[] = []
  const flood = async () => {
    for (let i = 0; i < 20; i++)
      statuses.push((await anyone.get(tasks, undefined, { ...bearer(makeToken()), ...from })).statusCode)
  }
  t.equal(await lookUps(flood), 5)
  t.strictSame(statuses, [...Array(5).fill(401), ...Array(15).fill(429)])
  const answer = await anyone.get(tasks, undefined, { ...bearer(makeToken()), ...from })
  t.equal(answer.headers['retry-after'], '60', 'seconds')
  t.equal((await script.get(tasks, undefined, from)).statusCode, 200, 'a token that is known still works from there')
  const other = await program(await signUp())
  t.equal((await other.get(tasks, undefined, from)).statusCode, 429, 'one that is not known waits')
  t.equal((await other.get(tasks)).statusCode, 200, 'from another address it does not')
  now += minute
  t.equal((await anyone.get(tasks, undefined, { ...bearer(makeToken()), ...from })).statusCode, 401)
})

test('requests with an ended token cause one query, and then none', async (t) => {
  const ann = await signUp()
  const { id, ...script } = await program(ann)
  await ann.delete(`${path}/${id}`)
  t.equal(await lookUps(() => script.get(tasks)), 1)
  const again = async () => {
    for (let i = 0; i < 10; i++) refused(t, await script.get(tasks), 'invalid_token', 'ended before it was used')
  }
  t.equal(await lookUps(again), 0)
})

test('valid tokens that are new do not count against their address', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < 8; i++) t.equal((await caller(app, await store(ann.id)).get(tasks)).statusCode, 200)
})

test('a reader of the feed of revocations may ask ten times as often', async (t) => {
  const reader = caller(app, await feedToken(app, signUp))
  const read = async () => (await reader.get('/api/revocations?wait=0')).statusCode
  for (let i = 0; i < 80; i++) t.equal(await read(), 200)
  t.equal(await read(), 429)
  t.equal((await reader.get(tasks)).statusCode, 403, 'counted separately')
  const other = caller(app, await feedToken(app, signUp))
  t.equal((await other.get('/api/revocations?wait=0')).statusCode, 200, 'another token')
})

test('the requests of each token are limited per minute, over all addresses', async (t) => {
  const ann = await signUp()
  const [script, other] = [await program(ann), await program(ann)]
  for (let i = 0; i < 8; i++) t.equal((await script.get(tasks)).statusCode, 200)
  const answer = await script.get(tasks)
  t.match(answer.json(), { status: 429, code: 'too_many_requests' })
  const seconds = Number(answer.headers['retry-after'])
  t.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`)
  t.equal((await script.get(tasks, undefined, { remoteAddress: '203.0.113.9' })).statusCode, 429, 'from anywhere')
  t.equal((await other.get(tasks)).statusCode, 200, 'another token of the user')
  t.equal((await ann.get(tasks)).statusCode, 200, 'and the user')
  now += minute
  t.equal((await script.get(tasks)).statusCode, 200, 'after a minute')
})

test('the last use is written to the minute, once, when the process stops', async (t) => {
  const first = await startApp(t, { clock: () => now })
  const { program, rowOf } = personalTokensOf(first.app)
  const script = await program(await first.signUp())
  t.strictSame((await rowOf(script.id))?.last_used_at, null)
  for (let i = 0; i < 3; i++) await script.get(tasks)
  t.strictSame((await rowOf(script.id))?.last_used_at, null, 'a use writes nothing')
  const executor = first.app.db.getExecutor()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
  await first.app.close()
  const [written, ...more] = asked().filter(({ args: [query] }) => /update personal_tokens/.test(query.sql))
  t.strictSame(more, [])
  t.strictSame(written?.args[0].parameters, [[script.id], [new Date(Math.floor(now / minute) * minute).toISOString()]])
})

test('two processes write the last use once for each minute, and never an earlier one', async (t) => {
  const { id } = await program(await signUp())
  const { personalTokensRepository } = await import('../../src/repositories/personal-tokens.ts')
  const { touch } = personalTokensRepository(app.db)
  const at = (n: number) => new Date(Math.floor(now / minute) * minute + n * minute).toISOString()
  await Promise.all([touch([id], [at(1)]), touch([id], [at(1)])])
  const first = await rowOf(id)
  t.equal(first?.last_used_at, at(1))
  await touch([id], [at(1)])
  await touch([id], [at(0)])
  t.strictSame(await rowOf(id), first, 'not written again')
  await touch([id], [at(2)])
  t.equal((await rowOf(id))?.last_used_at, at(2))
})
