import { sql } from 'kysely'
import { TOTP } from 'otpauth'
import t, { test } from 'tap'
import {
  cookiesOf,
  createGatehouseServer,
  type GatehouseProblem,
  isSecondFactorRequired
} from '../../web/client/src/server.ts'
import { password, startApp } from '../helpers/app.ts'
import { injected } from '../helpers/injected.ts'

let time = Date.now()
const clock = () => time
const pass = (seconds: number) => {
  time += seconds * 1000
}
const { app } = await startApp(t, { settings: { ACCESS_TOKEN_TTL: '10m', TRUST_PROXY: '127.0.0.1' }, clock })
const answer = injected(app)
const name = '__Host-gatehouse_session'

/** A server that renders pages, and what it has asked Gatehouse. */
function start(options: { secure?: boolean } = {}) {
  const asked: string[] = []
  let interfere: (request: Request) => unknown = () => undefined
  const gatehouse = createGatehouseServer(
    { baseUrl: 'https://api.example.com', ...options },
    {
      now: clock,
      wait: async () => {},
      async fetch(request) {
        asked.push(`${request.method} ${new URL(request.url).pathname}`)
        const instead = await interfere(request)
        return instead instanceof Response ? instead : answer(request)
      }
    }
  )
  return {
    gatehouse,
    asked,
    refreshes: () => asked.filter((line) => line.endsWith('/refresh')).length,
    interfere: (next: typeof interfere) => {
      interfere = next
    }
  }
}

/** A browser: requests with its cookie, and what their responses set. */
function browser() {
  let cookie = ''
  const lines: string[] = []
  return {
    lines,
    get cookie() {
      return cookie
    },
    set cookie(value) {
      cookie = value
    },
    /** The cookies of a request that is sent now. `answered` receives its response. */
    request() {
      const jar = cookiesOf(new Request('https://app.example.com/', { headers: cookie ? { cookie } : {} }))
      const answered = () => {
        for (const line of jar.send(new Response('page')).headers.getSetCookie()) {
          lines.push(line)
          const [pair = ''] = line.split(';')
          cookie = pair.endsWith('=') ? '' : pair
        }
      }
      return { jar, answered }
    }
  }
}

async function signedUp(server = start(), secrets = { email: `${crypto.randomUUID()}@example.com`, password }) {
  const visitor = browser()
  const { jar, answered } = visitor.request()
  const user = await server.gatehouse.visit(jar).session.signUp({ name: 'Ann', ...secrets })
  answered()
  return { ...server, visitor, user, ...secrets }
}

/** More than the ten seconds in which Gatehouse accepts a refresh token that was replaced; by the clock of the database. */
const replacedEarlier = (userId = '') =>
  app.db
    .updateTable('sessions')
    .set({ rotated_at: sql<string>`rotated_at - interval '11 seconds'` })
    .where('user_id', '=', userId)
    .execute()

const thrown = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error) => error as GatehouseProblem
  )

test('a visitor signs in, and signs out everywhere, with one cookie that no script reads', async (t) => {
  const { gatehouse, visitor, user } = await signedUp()
  t.match(visitor.lines, [/^__Host-gatehouse_session=\S+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/])
  const page = gatehouse.read(visitor.request().jar)
  t.ok(page.isSignedIn)
  t.match(await page.api.GET('/api/auth/profile'), { id: user?.id })
  const { jar, answered } = visitor.request()
  await gatehouse.visit(jar).session.logOut()
  answered()
  t.equal(visitor.cookie, '')
  t.match(visitor.lines[1], /Max-Age=0/)
  await t.rejects(page.api.GET('/api/auth/me'), { code: 'token_revoked' })
  const out = gatehouse.read(visitor.request().jar)
  t.notOk(out.isSignedIn)
  await t.rejects(out.api.GET('/api/auth/me'), { code: 'not_authenticated' })
})

test('visitors who are served at the same time never get the data of each other', async (t) => {
  const server = start()
  const visitors = await Promise.all(Array.from({ length: 5 }, () => signedUp(server)))
  const seen = await Promise.all(
    visitors.map(({ visitor, gatehouse }) => gatehouse.read(visitor.request().jar).api.GET('/api/auth/profile'))
  )
  t.strictSame(
    seen.map(({ id }) => id),
    visitors.map(({ user }) => user?.id)
  )
})

test('a Server Component refreshes nothing, because it cannot set the cookie', async (t) => {
  const { gatehouse, visitor, refreshes } = await signedUp()
  pass(601)
  await t.rejects(gatehouse.read(visitor.request().jar).api.GET('/api/auth/me'), { code: 'token_expired' })
  t.equal(refreshes(), 0)
})

test('requests with the same cookie refresh once, also one that comes before the browser has the new cookie', async (t) => {
  const { gatehouse, visitor, refreshes, user } = await signedUp()
  pass(601)
  const requests = Array.from({ length: 4 }, () => visitor.request())
  const late = visitor.request()
  const profiles = await Promise.all(requests.map(({ jar }) => gatehouse.visit(jar).api.GET('/api/auth/profile')))
  t.ok(profiles.every(({ id }) => id === user?.id))
  t.equal(refreshes(), 1)
  pass(9)
  t.match(await gatehouse.visit(late.jar).api.GET('/api/auth/profile'), { id: user?.id }, 'this is no theft')
  t.equal(refreshes(), 1)
  for (const { answered } of [...requests, late]) answered()
  t.equal(new Set(visitor.lines.slice(1)).size, 1, 'all set the same cookie')
  t.match(await gatehouse.read(visitor.request().jar).api.GET('/api/auth/profile'), { id: user?.id })
  pass(601)
  const { jar, answered } = visitor.request()
  await gatehouse.visit(jar).api.GET('/api/auth/me')
  answered()
  t.equal(refreshes(), 2, 'the next one is replaced as well')
})

test('calls of one request refresh once', async (t) => {
  const { gatehouse, visitor, refreshes } = await signedUp()
  pass(601)
  const { api } = gatehouse.visit(visitor.request().jar)
  await Promise.all([api.GET('/api/auth/me'), api.GET('/api/auth/profile'), api.GET('/api/tasks')])
  t.equal(refreshes(), 1)
})

test('a stolen cookie that is used after it was replaced ends the session', async (t) => {
  const { gatehouse, visitor, user } = await signedUp()
  const stolen = visitor.request()
  pass(601)
  const { jar, answered } = visitor.request()
  await gatehouse.keepFresh(jar)
  answered()
  pass(601)
  await replacedEarlier(user?.id)
  await t.rejects(gatehouse.visit(stolen.jar).api.GET('/api/auth/me'), { code: 'invalid_token' })
  t.equal(gatehouse.visit(stolen.jar).isSignedIn, false)
  await t.rejects(gatehouse.visit(visitor.request().jar).api.GET('/api/auth/me'), { code: 'invalid_token' })
})

test('a stolen cookie is asked about as soon as Gatehouse takes its use for theft, also by the server that replaced it', async (t) => {
  const { gatehouse, visitor, user, refreshes } = await signedUp()
  pass(601)
  const stolen = visitor.request()
  const { jar, answered } = visitor.request()
  await gatehouse.visit(jar).api.GET('/api/auth/me')
  answered()
  pass(11)
  await replacedEarlier(user?.id)
  await t.rejects(gatehouse.visit(stolen.jar).api.GET('/api/auth/me'), { code: 'invalid_token' })
  t.equal(refreshes(), 2)
  await t.rejects(gatehouse.read(visitor.request().jar).api.GET('/api/auth/me'), { code: 'token_revoked' })
})

test('a step-up that is answered long after another request replaced its refresh token keeps the new one', async (t) => {
  const { gatehouse, visitor, interfere } = await signedUp()
  pass(580)
  const [stepping, other] = [visitor.request(), visitor.request()]
  const { session } = gatehouse.visit(stepping.jar)
  await gatehouse.keepFresh(other.jar)
  other.answered()
  interfere(() => pass(15))
  await session.stepUp({ password })
  stepping.answered()
  interfere(() => undefined)
  pass(601)
  t.match(await gatehouse.visit(visitor.request().jar).api.GET('/api/auth/me'), {}, 'the session goes on')
})

test('tokens are refreshed before they expire, and kept while Gatehouse does not answer', async (t) => {
  const { gatehouse, visitor, refreshes, interfere } = await signedUp()
  const fresh = async () => {
    const { jar, answered } = visitor.request()
    await gatehouse.keepFresh(jar)
    answered()
    return jar
  }
  pass(440)
  await fresh()
  t.equal(refreshes(), 0)
  pass(20)
  interfere(() => Response.json({ code: 'unavailable' }, { status: 503 }))
  const before = visitor.cookie
  await fresh()
  t.equal(visitor.cookie, before)
  t.ok(gatehouse.read(visitor.request().jar).isSignedIn)
  interfere(() => undefined)
  const jar = await fresh()
  t.not(visitor.cookie, before)
  pass(300)
  t.match(await gatehouse.read(jar).api.GET('/api/auth/me'), {}, 'the page of the same request has the new token')
  interfere(() => Response.json({ code: 'invalid_token' }, { status: 401 }))
  pass(600)
  await fresh()
  t.equal(visitor.cookie, '')
  await gatehouse.keepFresh(visitor.request().jar)
})

test('the token of a session that has ended is not tried again and again', async (t) => {
  const { gatehouse, visitor, interfere, asked } = await signedUp()
  interfere(({ url }) => url.endsWith('/me') && Response.json({ code: 'token_revoked' }, { status: 401 }))
  const { jar, answered } = visitor.request()
  await t.rejects(gatehouse.visit(jar).api.GET('/api/auth/me'), { code: 'token_revoked' })
  t.strictSame(asked.slice(1), ['GET /api/auth/me', 'POST /api/auth/refresh', 'GET /api/auth/me'])
  answered()
  t.equal(visitor.cookie, '')
})

test('of two calls of one request whose session has ended, both fail', async (t) => {
  const { gatehouse, visitor, interfere } = await signedUp()
  interfere(({ url }) => !url.endsWith('/up') && Response.json({ code: 'invalid_token' }, { status: 401 }))
  const { api, session } = gatehouse.visit(visitor.request().jar)
  const codes = await Promise.all([api.GET('/api/auth/me'), api.GET('/api/tasks')].map(thrown))
  t.strictSame(
    codes.map((problem) => problem?.code),
    ['invalid_token', 'invalid_token']
  )
  await session.logOut()
  await t.rejects(session.verifyEmail({ token: 'x' }), { code: 'invalid_token' })
})

test('a sign-out that Gatehouse does not answer is reported, and the visitor is still signed in', async (t) => {
  const { gatehouse, visitor, interfere } = await signedUp()
  interfere(() => Promise.reject(new TypeError('fetch failed')))
  const { jar, answered } = visitor.request()
  await t.rejects(gatehouse.visit(jar).session.logOut(), { code: 'network_error' })
  answered()
  t.not(visitor.cookie, '')
})

test('a step-up keeps the refresh token, or takes the one by which another request replaced it', async (t) => {
  const { gatehouse, visitor } = await signedUp()
  pass(580)
  const [stepping, other] = [visitor.request(), visitor.request()]
  const { session, api } = gatehouse.visit(stepping.jar)
  await gatehouse.keepFresh(other.jar)
  await session.stepUp({ password })
  other.answered()
  stepping.answered()
  t.match(await api.POST('/api/auth/factors/totp'), { secret: /\w/ })
  const refreshOf = (line = '') => line.split(/[=.]/)[1]
  t.equal(refreshOf(visitor.lines[2]), refreshOf(visitor.lines[1]))
  pass(601)
  t.match(await gatehouse.visit(visitor.request().jar).api.GET('/api/auth/me'), {}, 'the session goes on')
  await gatehouse.visit(visitor.request().jar).session.stepUp({ password })
})

test('a second factor completes a sign-in', async (t) => {
  const { gatehouse, visitor, email } = await signedUp()
  const { api } = gatehouse.visit(visitor.request().jar)
  const { secret } = await api.POST('/api/auth/factors/totp')
  const codeAt = (timestamp: number) => new TOTP({ secret }).generate({ timestamp })
  await api.POST('/api/auth/factors/totp/confirm', { body: { code: codeAt(time) } })
  const { jar, answered } = browser().request()
  const { session } = gatehouse.visit(jar)
  const problem = await thrown(session.logIn({ email, password }))
  if (!isSecondFactorRequired(problem)) throw problem
  pass(30)
  t.match(await session.completeLogIn({ challenge: problem.challenge, code: codeAt(time) }), { email })
  answered()
})

test("Gatehouse knows the visitor's address and browser", async (t) => {
  const { gatehouse, email } = await signedUp()
  const visit = gatehouse.visit(browser().request().jar, { address: '203.0.113.9', userAgent: 'Firefox' })
  await visit.session.logIn({ email, password })
  t.ok(visit.isSignedIn)
  const { items } = await visit.api.GET('/api/auth/sessions')
  t.match(
    items.find(({ current }) => current),
    { ip: '203.0.113.9', user_agent: 'Firefox' }
  )
})

test('a made-up cookie is no session', async (t) => {
  const { gatehouse, asked } = start()
  for (const value of ['', 'x', 'a.b.c.d', 'a.eyJ.eyJ.x', '%00', 'a.e30.bnVsbA.x', 'a'.repeat(9000)]) {
    const jar = cookiesOf(new Request('https://a.example', { headers: { cookie: `other=1; ${name}=${value}` } }))
    t.equal(jar.get('other')?.value, '1')
    await gatehouse.keepFresh(jar)
    t.notOk(gatehouse.read(jar).isSignedIn, value)
  }
  t.strictSame(asked, [])
})

test('without TLS, for development, the cookie has another name and is not Secure', async (t) => {
  const { visitor } = await signedUp(start({ secure: false }))
  t.match(visitor.lines, [/^gatehouse_session=\S+ Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/])
})

test('a response without a changed cookie is sent as it is', (t) => {
  const response = new Response('page')
  t.equal(cookiesOf(new Request('https://a.example')).send(response), response)
  t.end()
})
