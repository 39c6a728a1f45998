import t, { type Test, test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { bridgeToken, ourToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refreshing, sessionOf } from '../helpers/refreshing.ts'
import { addProbes } from '../helpers/step-up.ts'

let now = Date.now()
const settings = { RATE_LIMIT_ENABLED: 'true', BETTER_AUTH_URL: 'https://app.example.com' }
const { app, anyone, signUp } = await startApp(t, { settings, clock: () => now, routes: addProbes })
const { register, login, refresh, rowOf, age } = refreshing(app)
const pass = (seconds: number) => {
  now += seconds * 1000
}

const bearer = 'Bearer realm="gatehouse"'
type Answer = Awaited<ReturnType<typeof anyone.get>>
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const probe = (token: string) => caller(app, token).get('/api/probe')
const stepUp = (token: string, given: unknown = password, remoteAddress = '127.0.0.1') =>
  caller(app, token).post('/api/auth/step-up', { password: given }, { remoteAddress })

function mustStepUp(t: Test, answer: Answer, what = 'a step-up is required') {
  t.equal(answer.statusCode, 401, what)
  t.match(answer.json(), { code: 'step_up_required', detail: 'Enter your password again' }, what)
  const challenge = `${bearer}, error="insufficient_user_authentication", max_age=600`
  t.equal(answer.headers['www-authenticate'], challenge, what)
}

test('registering, logging in and changing the password prove who the user is, for ten minutes', async (t) => {
  const ann = await register()
  const opened = [ann.access_token, (await login(ann)).access_token]
  const change = { current_password: password, new_password: 'another-horse-8' }
  const changed = await caller(app, (await login(ann)).access_token).put('/api/auth/password', change)
  const latest: string = changed.json().access_token
  for (const token of [...opened, latest]) {
    t.match(claimsOf(token), { auth_time: Math.floor(now / 1000), amr: ['pwd'] })
  }
  t.equal((await probe(latest)).statusCode, 200)
  now = 1000 * (claimsOf(latest).auth_time + 600)
  t.equal((await probe(latest)).statusCode, 200)
  pass(0.001)
  mustStepUp(t, await probe(latest))
  t.equal((await caller(app, latest).get('/api/tasks')).statusCode, 200, 'other routes do not ask')
})

test('after a step-up with the password the route answers at once, in the same session', async (t) => {
  const ann = await register()
  pass(700)
  mustStepUp(t, await probe(ann.access_token))
  const answer = await stepUp(ann.access_token)
  t.equal(answer.statusCode, 200)
  const { access_token, refresh_token, refresh_expires_in: left, user, ...more } = answer.json()
  t.equal(refresh_token, undefined, 'the client keeps its refresh token')
  t.strictSame(more, { token_type: 'bearer', expires_in: 604_800 })
  t.ok(left > 2_592_000 - 3_600 && left <= 2_592_000, 'what is left of the session, by the clock of the database')
  t.strictSame(user, ann.user)
  t.match(claimsOf(access_token), {
    sid: sessionOf(ann.refresh_token),
    auth_time: Math.floor(now / 1000),
    amr: ['pwd']
  })
  t.equal((await probe(access_token)).statusCode, 200)
  mustStepUp(t, await probe(ann.access_token), 'the token from before stays as it is')
  t.equal((await refresh(ann.refresh_token)).statusCode, 200)
})

test('a step-up is accepted by a process whose clock is a second behind', async (t) => {
  const ann = await register()
  pass(700)
  const { access_token } = (await stepUp(ann.access_token)).json()
  pass(-1)
  t.equal((await probe(access_token)).statusCode, 200)
  pass(1)
})

test('a refresh keeps the time of the session, and does not renew it', async (t) => {
  const ann = await register()
  const start = Math.floor(now / 1000)
  pass(500)
  const refreshed = (await refresh(ann.refresh_token)).json()
  t.match(claimsOf(refreshed.access_token), { auth_time: start, amr: ['pwd'] })
  t.equal((await probe(refreshed.access_token)).statusCode, 200)
  const again = (await refresh(ann.refresh_token)).json()
  t.match(claimsOf(again.access_token), { auth_time: start, amr: ['pwd'] }, 'within the grace period')
  pass(101)
  const later = (await refresh(refreshed.refresh_token)).json()
  mustStepUp(t, await probe(later.access_token))

  const raised = Math.floor(now / 1000)
  await stepUp(later.access_token)
  pass(60)
  const { access_token } = (await refresh(later.refresh_token)).json()
  t.match(claimsOf(access_token), { auth_time: raised, amr: ['pwd'] })
  t.equal((await probe(access_token)).statusCode, 200)
})

test('a session of an earlier release has no time of proof, and must step up', async (t) => {
  const ann = await register()
  await app.db.updateTable('sessions').set({ auth_time: null, amr: null }).where('user_id', '=', ann.user.id).execute()
  const { access_token } = (await refresh(ann.refresh_token)).json()
  t.notMatch(Object.keys(claimsOf(access_token)), ['auth_time'])
  t.notOk('amr' in claimsOf(access_token))
  mustStepUp(t, await probe(access_token))
  t.equal((await caller(app, access_token).get('/api/tasks')).statusCode, 200)
  t.equal((await probe((await stepUp(access_token)).json().access_token)).statusCode, 200)
})

test('a token without auth_time, or with an old one, is refused before anything else', async (t) => {
  mustStepUp(t, await probe(ourToken()))
  mustStepUp(t, await probe(ourToken({ auth_time: 0, amr: ['pwd'] })))
  mustStepUp(t, await probe(ourToken({ auth_time: Math.floor(now / 1000) - 601, amr: ['pwd', 'otp', 'mfa'] })))
  t.equal((await probe(ourToken({ auth_time: Math.floor(now / 1000) - 599, amr: [] }))).statusCode, 200)
})

test('every route with step-up refuses a token that is too old, before anything else', async (t) => {
  const queriesOf = countQueries(t, app)
  const marked = operationsOf(contractOf(app)).filter(({ operation }) => operation['x-step-up'] === true)
  t.ok(marked.some(({ name }) => name === 'POST /api/auth/email/change'))
  for (const { name } of marked) {
    const [method = '', path = ''] = name.split(' ')
    // Admins: test/routes/admin-routes.test.ts.
    if (path.startsWith('/api/admin/')) continue
    for (const token of [ourToken(), ourToken({ auth_time: Math.floor(now / 1000) - 601, amr: ['pwd'] })])
      t.equal(
        await queriesOf(async () => {
          const url = path.replace(/\{\w+\}/g, '0193aaaa-0000-7000-8000-00000000000a')
          const headers = { authorization: `Bearer ${token}` }
          mustStepUp(t, await app.inject({ method: method as 'POST', url, headers }), name)
        }),
        0,
        name
      )
  }
})

test('a public route that requires step-up by mistake answers step_up_required to everybody', async (t) => {
  const ann = await signUp()
  for (const kind of ['true', 'second-factor', 'or-fresh-token'])
    for (const user of [anyone, ann]) mustStepUp(t, await user.get(`/api/public-probe/${kind}`), kind)
})

test('a user of another issuer cannot step up here, and is told the issuer', async (t) => {
  const iat = Math.floor(now / 1000)
  const fay = bridgeToken({ iat, exp: iat + 900, auth_time: iat, amr: ['pwd', 'otp'] })
  for (const answer of [await probe(fay), await stepUp(fay)]) {
    t.equal(answer.statusCode, 401)
    t.match(answer.json(), {
      code: 'step_up_required',
      detail: 'Accounts of https://app.example.com cannot do this'
    })
    t.equal(answer.headers['www-authenticate'], `${bearer}, error="insufficient_user_authentication"`, 'no max_age')
  }
})

test('a user of another issuer downloads their data with a token that is five minutes old, and no older', async (t) => {
  const before = now
  const iat = Math.floor(now / 1000)
  const fay = caller(app, bridgeToken({ sub: 'fay', iat, exp: iat + 900 }))
  now = 1000 * (iat + 300)
  t.equal((await fay.get('/api/auth/profile/export')).statusCode, 200)
  pass(0.001)
  const answer = await fay.get('/api/auth/profile/export')
  t.match(answer.json(), { code: 'step_up_required', detail: 'Get a new token from https://app.example.com' })
  t.match(answer.headers, { 'www-authenticate': /, max_age=300$/ })
  now = before
})

test('a wrong password does not step up', async (t) => {
  const ann = await register()
  const before = await rowOf(ann.refresh_token)
  pass(700)
  const wrong = await stepUp(ann.access_token, 'wrong-horse-7')
  t.match(wrong.json(), { status: 401, code: 'invalid_credentials' })
  t.equal(wrong.headers['www-authenticate'], bearer)
  t.strictSame((await rowOf(ann.refresh_token))?.auth_time, before?.auth_time)
  for (const body of [{}, { password: 5 }, { code: 5 }, { password, code: '123456' }, { password: 'a\0' }, undefined])
    t.equal((await caller(app, ann.access_token).post('/api/auth/step-up', body)).statusCode, 400)
  t.equal((await anyone.post('/api/auth/step-up', { password })).json().code, 'not_authenticated')
})

test('step-up and login share one budget of wrong passwords, and the owner is not locked out', async (t) => {
  const ann = await register()
  const elsewhere = '2001:db8:1::1'
  for (let i = 0; i < 5; i++) t.equal((await stepUp(ann.access_token, 'wrong-horse-7', elsewhere)).statusCode, 401)
  const credentials = { email: ann.user.email, password: 'wrong-horse-7' }
  for (let i = 0; i < 5; i++)
    t.equal((await anyone.post('/api/auth/login', credentials, { remoteAddress: elsewhere })).statusCode, 401)
  const right = await stepUp(ann.access_token, password, elsewhere)
  t.equal(right.statusCode, 429, 'even with the right password')
  t.match(right.headers, { 'retry-after': /^\d+$/ })
  t.equal((await stepUp(ann.access_token)).statusCode, 200, 'from where the owner has logged in')
})

test('a session that ends meanwhile is not raised', async (t) => {
  const [ann, ben] = [await register(), await register()]
  await age(ben.refresh_token, ['expires_at'], 31 * 24 * 3600)
  t.equal((await stepUp(ben.access_token)).json().code, 'token_revoked', 'it has expired')
  const noRow = ourToken({ sub: ann.user.id, email: ann.user.email })
  t.equal((await stepUp(noRow)).json().code, 'token_revoked', 'it has no row')
  const ofAnother = ourToken({ sub: ann.user.id, email: ann.user.email, sid: sessionOf(ben.refresh_token) })
  t.equal((await stepUp(ofAnother)).json().code, 'token_revoked', 'it is the session of another user')
})

test('the contract marks a route with step-up, and says what its 401 means', async (t) => {
  const marked = operationsOf(contractOf(app)).filter(({ operation }) => 'x-step-up' in operation)
  t.ok(marked.some(({ name }) => name === 'GET /api/probe'))
  const partly = marked.filter(({ operation }) => operation['x-step-up'] !== true)
  t.strictSame(
    partly.map(({ name, operation }) => [name, operation['x-step-up']]),
    [
      ['POST /api/auth/profile/delete', 'second-factor'],
      ['PUT /api/auth/password', 'second-factor']
    ]
  )
  for (const { name, operation } of marked) {
    t.equal(operation.responses[401]?.$ref, '#/components/responses/Problem401', name)
    t.match(operation.responses[401]?.description, /`step_up_required`.+`POST \/api\/auth\/step-up`/, name)
  }
})
