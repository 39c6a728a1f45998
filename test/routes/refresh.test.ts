import t, { test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { type Issued, refreshing, sessionOf } from '../helpers/refreshing.ts'
import { refused } from '../helpers/refused.ts'
import { until } from '../helpers/wait.ts'

const { app, signUp, anyone } = await startApp(t)
const { refresh, register, login, age, rowOf, eventsOf } = refreshing(app)
const renew = async (token: string): Promise<Issued> => (await refresh(token)).json()
const works = async ({ access_token }: Issued) =>
  (await caller(app, access_token).get('/api/auth/me')).statusCode === 200

test('both tokens are new, the old access token lives on and the session is the same', async (t) => {
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

test('the token just replaced gives the same successor, again and again and by many at once', async (t) => {
  const { refresh_token: token } = await register()
  const answers = [
    await renew(token),
    await renew(token),
    ...(await Promise.all(Array.from({ length: 20 }, () => renew(token))))
  ]
  t.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1)
  t.ok(await works(answers.at(-1) as Issued))
  t.equal((await refresh(answers[0]?.refresh_token ?? '')).statusCode, 200, 'which works')
})

test('fifty at once use one token: all go on with one successor', async (t) => {
  let { refresh_token: token } = await register()
  for (let round = 0; round < 5; round += 1) {
    // On a busy machine, some are told that the database has no place for them, and come again.
    const insist = () =>
      until('a place at the database', async () => {
        const answer = await refresh(token)
        return answer.statusCode !== 503 && answer
      })
    const answers = await Promise.all(Array.from({ length: 50 }, insist))
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
    const successors = new Set(answers.map((answer) => (answer.json() as Issued).refresh_token))
    t.equal(successors.size, 1)
    token = [...successors][0] ?? ''
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
  test(`${what}, used again: the session ends and the theft is written down`, async (t) => {
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

test('within ten seconds of the rotation before last, only the last is forgiven', async (t) => {
  const { refresh_token: token } = await register()
  await renew(token)
  await age(token, ['rotated_at'], 9)
  t.equal((await refresh(token)).statusCode, 200, 'after nine seconds')
  t.equal((await refresh(token)).statusCode, 200, 'reuse does not count as rotation')
  await age(token, ['rotated_at'], 1.5)
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
test('a token that we never gave is refused and ends nobody’s session', async (t) => {
  const ann = await register()
  for (const [what, make] of Object.entries(made))
    refused(t, await refresh(make(ann.refresh_token)), 'invalid_token', what)
  refused(t, await refresh(ann.access_token), 'invalid_token', 'the access token that came along')
  t.strictSame(await eventsOf(ann.refresh_token), [])
  t.equal((await refresh(ann.refresh_token)).statusCode, 200)
})

test('a refresh token is no access token', async (t) => {
  const { refresh_token } = await register()
  refused(t, await caller(app, refresh_token).get('/api/auth/me'), 'invalid_token', 'current')
  await refresh(refresh_token)
  refused(t, await caller(app, refresh_token).get('/api/auth/me'), 'invalid_token', 'replaced')
})

test('whose token it is, the token says, not who else is logged in', async (t) => {
  const [ann, bob] = [await register(), await signUp()]
  const answer = await bob.post('/api/auth/refresh', { refresh_token: ann.refresh_token })
  t.equal(answer.json().user.id, ann.user.id)
})

test('a body that is none, or holds no text, is told so', async (t) => {
  refused(t, await anyone.post('/api/auth/refresh'), 'invalid_token', 'nothing')
  refused(t, await anyone.post('/api/auth/refresh', {}), 'invalid_token', 'an empty object')
  for (const refresh_token of [null, 5, [], {}, 'x'.repeat(1_001)])
    t.equal((await anyone.post('/api/auth/refresh', { refresh_token })).statusCode, 400, JSON.stringify(refresh_token))
  t.equal((await anyone.post('/api/auth/refresh', { refresh_token: 'x', more: 1 })).statusCode, 400)
})
