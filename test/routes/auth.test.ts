import { availableParallelism } from 'node:os'
import { mock } from 'node:test'
import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const { app, config, lines, signUp, anyone } = await startApp(t)
const register = (body: unknown) => anyone.post('/api/auth/register', body)
const login = (email: unknown, password: unknown) => anyone.post('/api/auth/login', { email, password })
const countUsers = async () => (await app.db.selectFrom('users').select('id').execute()).length

const statuses = (answers: { statusCode: number }[]) => answers.map(({ statusCode }) => statusCode).sort()
const oneOfAHundred = [201, ...Array.from({ length: 99 }, () => 409)]

test('signing up logs in, with a normalized address', async (t) => {
  const answer = await register({ email: '  Ann@Example.COM ', name: 'Ann O’Neil', password })
  t.equal(answer.statusCode, 201)
  const { access_token, refresh_token, user, ...rest } = answer.json()
  const day = 24 * 60 * 60
  t.strictSame(rest, { token_type: 'bearer', expires_in: 7 * day, refresh_expires_in: 30 * day })
  t.match(refresh_token, /^[\w-]{86}$/)
  const { id, created_at, updated_at, ...shown } = user
  t.strictSame(shown, {
    ...{ email: 'ann@example.com', email_verified: false },
    ...{ name: 'Ann O’Neil', is_active: true, role: 'user' }
  })
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  t.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(updated_at, created_at)

  const me = (await caller(app, access_token).get('/api/auth/me')).json()
  t.match(me, { user_id: id, email: 'ann@example.com' })
  t.match(me.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
  for (const email of ['ann@example.com', 'ANN@example.com', '\tann@EXAMPLE.com\n']) {
    const again = await login(email, password)
    t.equal(again.statusCode, 200, JSON.stringify(email))
    t.strictSame(again.json().user, user)
  }
})

test('logout answers a signed-in user with a message', async (t) => {
  const ann = await signUp()
  t.strictSame((await ann.post('/api/auth/logout')).json(), { message: 'Logged out' })
})

test('an address can be registered once, whatever its case', async (t) => {
  const ann = await signUp('once@example.com')
  for (const email of ['once@example.com', 'ONCE@example.com', ' once@example.com'])
    t.match((await register({ email, name: 'x', password: 'another-horse-8' })).json(), {
      status: 409,
      code: 'email_taken',
      detail: 'Email already registered'
    })
  t.equal((await login(ann.email, password)).statusCode, 200, 'with the password that it had')
})

/** A hundred registrations in different spellings, alternating between the apps. */
async function rush(apps: (typeof app)[], address: string) {
  const spelled = (i: number) => [...address].map((c, at) => ((i >> (at % 7)) & 1 ? c.toUpperCase() : c)).join('')
  const attempts = Array.from({ length: 100 }, (_, i) =>
    caller(apps[i % apps.length] ?? app).post('/api/auth/register', { email: spelled(i), name: `${i}`, password })
  )
  return statuses(await Promise.all(attempts))
}

test('of a hundred concurrent registrations of one address, one succeeds', async (t) => {
  const before = await countUsers()
  t.strictSame(await rush([app], 'rush@example.com'), oneOfAHundred)
  t.strictSame(new Set(await rush([app], 'rush@example.com')), new Set([409]), 'and none later')
  t.equal(await countUsers(), before + 1)
})

test('of a hundred through two processes on one database, one succeeds', {
  skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process'
}, async (t) => {
  const second = await startApp(t, { settings: { DATABASE_URL: config.databaseUrl ?? '' } })
  const before = await countUsers()
  t.strictSame(await rush([app, second.app], 'race@example.com'), oneOfAHundred)
  t.equal(await countUsers(), before + 1)
})

test('an unknown address, a wrong password and a deactivated account get identical answers', async (t) => {
  const [ann, bob] = [await signUp(), await signUp()]
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', bob.id).execute()
  const attempts: [string, string, string][] = [
    ['wrong password', ann.email, 'wrong'],
    ['unknown email', 'nobody@example.com', password],
    ['deactivated', bob.email, password],
    ['wrong password', ann.email, ''],
    ['wrong password', ann.email, `${password}\u{1f600}`],
    ['wrong password', bob.email, 'x'.repeat(1_000)],
    ['unknown email', "' or 1=1 --@example.com".replaceAll(' ', ''), password]
  ]
  const seen = new Set<string>()
  for (const [reason, email, given] of attempts) {
    const answer = await login(email, given)
    const { date, 'x-request-id': id, ...headers } = answer.headers
    seen.add(JSON.stringify([answer.statusCode, headers, answer.body.replace(String(id), '')]))
    t.match(lines.at(-1), { refusal: reason, status: 401 }, `the log says: ${reason}`)
  }
  t.equal(seen.size, 1)
  t.match([...seen][0], /"www-authenticate":"Bearer realm=\\?"/)
  t.match((await login(ann.email, 'wrong')).json(), {
    code: 'invalid_credentials',
    detail: 'Invalid email or password'
  })
})

test('a password is kept exactly as received', async (t) => {
  const passwords = [
    ' blank-7 ',
    `${'€'.repeat(23)}-7`,
    `1!${'x'.repeat(70)}`,
    '\u00e9e\u0301-pass-7',
    '😀😀😀😀😀😀-7',
    '1!\t\n\u007f\u0085  '
  ]
  for (const [i, given] of passwords.entries()) {
    const email = `exact-${i}@example.com`
    t.equal((await register({ email, name: 'x', password: given })).statusCode, 201, JSON.stringify(given))
    t.equal((await login(email, given)).statusCode, 200)
    for (const other of [given.trim(), given.normalize('NFC'), `${given}x`, given.slice(0, -1), given.toUpperCase()])
      if (other !== given) t.equal((await login(email, other)).statusCode, 401, JSON.stringify([given, other]))
  }
})

test('too many concurrent registrations get Retry-After', async (t) => {
  const { anyone, lines } = await startApp(t, { settings: { BCRYPT_COST: '13' }, isImpatient: true })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const taken = 256 + Math.max(1, availableParallelism() - 1)
  const answers: Awaited<ReturnType<typeof anyone.post>>[] = []
  // On a slow machine, the first hash may finish before the last request arrives.
  const attempts = Array.from({ length: taken + 100 }, async (_, i) => {
    answers.push(await anyone.post('/api/auth/register', { email: `${i}@example.com`, name: 'x', password }))
  })
  await until('those who found no place', () => answers.length >= attempts.length - taken)
  mock.timers.tick(2_500)
  await Promise.all(attempts)
  const refused = answers.filter(({ statusCode }) => statusCode === 503)
  t.ok(refused.length >= 200, `${refused.length} refused`)
  for (const answer of refused) t.match(answer, { headers: { 'retry-after': /^[1-5]$/ }, body: /"code":"unavailable"/ })
  // On a busy machine the ticked time may also be that of a connection to the database.
  const reasons = new Set(lines.flatMap(({ refusal, status }) => (status === 503 ? [refusal] : [])))
  for (const reason of ['hash queue full', 'hash queue slow']) t.ok(reasons.has(reason), reason)
})
