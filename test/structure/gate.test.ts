import t, { test } from 'tap'
import type { User } from '../../schemas/users.ts'
import { createAuth } from '../../src/auth/auth.ts'
import { userHandleOf } from '../../src/auth/factors/webauthn.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { clientAt } from '../helpers/accounts.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { createAuthenticator, passkeysOf } from '../helpers/authenticator.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { claimsOf, factored } from '../helpers/factors.ts'
import { product } from '../helpers/sources.ts'

const clock = { now: Date.now() }
const { app, config } = await startApp(t, { clock: () => clock.now })
const { register, begin, challengeOf, answer, logIn, nextCode, wrongCodeOf } = factored(app, clock)

/** Every operation that opens, renews or raises a session. Its tests show that it leaves the session with the right `amr`. */
const ways = [
  'POST /api/auth/login',
  'POST /api/auth/login/second-factor',
  'POST /api/auth/passkeys/login',
  'POST /api/auth/refresh',
  'POST /api/auth/register',
  'POST /api/auth/step-up',
  'PUT /api/auth/password'
]

type Factored = Awaited<ReturnType<typeof register>>

/** For each of them, what somebody with the password, and maybe an old session, tries without the second factor. */
const attempts: Record<(typeof ways)[number], (user: Factored) => Promise<{ statusCode: number }>[]> = {
  'POST /api/auth/login': ({ email }) => [begin(email)],
  'POST /api/auth/login/second-factor': ({ email, secret }) => [
    challengeOf(email).then((challenge) => answer(challenge, wrongCodeOf(secret))),
    challengeOf(email).then((challenge) => answer(challenge, password))
  ],
  'POST /api/auth/passkeys/login': ({ id }) => {
    const { loginOptions, send } = passkeysOf(caller(app))
    const stranger = createAuthenticator()
    return [loginOptions().then((options) => send(stranger.get(options, { userHandle: userHandleOf(id) })))]
  },
  'POST /api/auth/refresh': ({ first }) => [
    caller(app).post('/api/auth/refresh', { refresh_token: first.refresh_token })
  ],
  'POST /api/auth/register': ({ email }) => [
    caller(app).post('/api/auth/register', { email, name: 'Somebody', password })
  ],
  'POST /api/auth/step-up': ({ first, secret }) => {
    const user = caller(app, first.access_token)
    const code = wrongCodeOf(secret)
    return [{ password }, { code }, { password, code }].map((body) => user.post('/api/auth/step-up', body))
  },
  'PUT /api/auth/password': ({ first }) => [
    caller(app, first.access_token).put('/api/auth/password', {
      current_password: password,
      new_password: 'another-horse-8'
    })
  ]
}

/** Makes the first session of a user one that a bug opened without the second factor. */
const forget = ({ id }: Factored) =>
  app.db
    .updateTable('sessions')
    .set({ amr: ['pwd'] })
    .where('user_id', '=', id)
    .execute()

test('tokens are issued in one place, and signed in one place', async (t) => {
  const places = (pattern: RegExp) =>
    product.flatMap(({ file, text }) => Array<string>(text.match(pattern)?.length ?? 0).fill(file))
  t.strictSame(places(/\bissue\(/g).sort(), ['src/auth/sessions.ts', 'src/auth/tokens/access-tokens.ts'])
  t.strictSame(places(/\bsigningKey\.sign\(/g), ['src/auth/tokens/access-tokens.ts'])
  t.strictSame(places(/\bjwt(Sign|\.sign)\(/g), [], 'no route signs by itself')
  t.strictSame(places(/insertInto\('sessions'\)/g), ['src/repositories/sessions.ts'])
})

test('no other operation answers with tokens', async (t) => {
  const answers = /AuthResponse|access_token|refresh_token/
  const found = operationsOf(contractOf(app)).filter(({ operation }) =>
    Object.entries(operation.responses).some(
      ([status, answer]) => status < '300' && answers.test(JSON.stringify(answer))
    )
  )
  t.strictSame(found.map(({ name }) => name).sort(), ways)
})

test('no way to tokens bypasses the second factor', async (t) => {
  t.strictSame(Object.keys(attempts).sort(), ways, 'each way is tried')
  for (const [name, attempt] of Object.entries(attempts)) {
    const user = await register()
    await forget(user)
    const before = await app.db.selectFrom('sessions').select('id').where('user_id', '=', user.id).execute()
    for (const answer of await Promise.all(attempt(user))) t.ok([400, 401, 409].includes(answer.statusCode), name)
    const after = await app.db.selectFrom('sessions').select(['id', 'amr']).where('user_id', '=', user.id).execute()
    t.strictSame(after, [{ id: before[0]?.id, amr: ['pwd'] }], `${name}: no session is opened or raised`)
  }
})

test('with the second factor, each way leaves a session that has proved it', async (t) => {
  const user = await register()
  const mfa = ['pwd', 'otp', 'mfa']
  const { access_token, refresh_token } = await logIn(user)
  t.strictSame(claimsOf(access_token).amr, mfa)
  const refreshed = (await caller(app).post('/api/auth/refresh', { refresh_token })).json()
  t.strictSame(claimsOf(refreshed.access_token).amr, mfa)
  const signedIn = caller(app, refreshed.access_token)
  const raised = (await signedIn.post('/api/auth/step-up', { code: nextCode(user.secret) })).json()
  t.strictSame(claimsOf(raised.access_token).amr, mfa)
  const change = { current_password: password, new_password: 'another-horse-8' }
  const changed = (await caller(app, raised.access_token).put('/api/auth/password', change)).json()
  t.strictSame(claimsOf(changed.access_token).amr, mfa)
})

test('no session of a user with a second factor can be opened without proof of it, whoever calls', async (t) => {
  const user = await register()
  const found = await usersRepository(app.db).find(user.id)
  const { sessions, revocations } = createAuth(config, app.db, { jwt: app.jwt, log: app.log, clock: () => clock.now })
  t.teardown(async () => {
    revocations.stop()
    await sessions.stop()
  })
  const open = (amr: string[]) =>
    app.db.transaction().execute(async (trx) => sessions.open(found as User, amr, clientAt('192.0.2.1'), trx))
  await t.rejects(open(['pwd']), { code: 'second_factor_required' })
  await t.rejects(open([]), { code: 'second_factor_required' })
  t.ok(await open(['hwk', 'mfa']))
})
