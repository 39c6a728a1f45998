import { test } from 'tap'
import { type BetterAuthClient, createGatehouse, createUserApi } from '../../web/client/src/better-auth.ts'
import '../helpers/without-database.ts'
import { until } from '../helpers/wait.ts'

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (sub: string, iat: number) => `e30.${base64({ sub, iat, exp: iat + 900 })}.${crypto.randomUUID()}`

/** A browser whose tabs share the session of Better Auth, and what Gatehouse gets. */
function open() {
  const baseUrl = `https://${crypto.randomUUID()}.example.com`
  const sent: string[] = []
  const waits: number[] = []
  let time = 1.7e12
  let signedIn: string | undefined = 'ann'
  let away = false
  let outage: BetterAuthClient['token'] | undefined
  let signOuts = 0
  let answer: (request: Request) => Response | Promise<Response> = () => Response.json({})

  const auth: BetterAuthClient = {
    async token() {
      if (outage) return outage()
      if (!signedIn) return { data: null, error: { status: 401 } }
      return { data: { token: tokenOf(signedIn, time / 1000) }, error: null }
    },
    async signOut() {
      signOuts += 1
      if (away) return { data: null, error: { status: 500, message: 'down' } }
      signedIn = undefined
      return { data: {}, error: null }
    }
  }
  const bearerOf = ({ headers }: Request) =>
    JSON.parse(Buffer.from(headers.get('authorization')?.split('.')[1] ?? '', 'base64url').toString()).sub
  const world = {
    now: () => time,
    wait: async (ms: number, signal?: AbortSignal) => {
      signal?.throwIfAborted()
      waits.push(ms)
      time += ms
    },
    async fetch(request: Request) {
      request.signal.throwIfAborted()
      sent.push(`${bearerOf(request)} ${request.method} ${new URL(request.url).pathname}`)
      return answer(request)
    }
  }

  function tab(t: { teardown: (act: () => void) => void }) {
    const left: string[] = []
    const gatehouse = createGatehouse({ baseUrl, auth, onSignedOut: (id) => left.push(id) }, world)
    t.teardown(gatehouse.close)
    return { ...gatehouse, left }
  }

  return {
    ...{ baseUrl, tab, sent, waits, auth, world },
    signOuts: () => signOuts,
    pass: (seconds: number) => {
      time += seconds * 1000
    },
    signIn: (userId: string | undefined) => {
      signedIn = userId
    },
    betterAuthIs: (state: 'down' | 'up', token?: BetterAuthClient['token']) => {
      away = state === 'down'
      outage = token
    },
    answers: (next: typeof answer) => {
      answer = next
    }
  }
}

const refusal = (code = 'token_revoked') => Response.json({ code }, { status: 401 })

test('calls share one token, which is replaced before it expires', async (t) => {
  const { tab, auth, pass } = open()
  const { token } = auth
  let tokens = 0
  auth.token = () => {
    tokens += 1
    return token()
  }
  const { as } = tab(t)
  t.equal(as('ann'), as('ann'))
  await Promise.all([as('ann').GET('/api/tasks'), as('ann').GET('/api/auth/me')])
  pass(800)
  await as('ann').GET('/api/tasks')
  t.equal(tokens, 1)
  pass(11)
  await as('ann').GET('/api/tasks')
  t.equal(tokens, 2)
})

test("a page of one user never sends another user's token", async (t) => {
  const { tab, signIn, sent, answers } = open()
  const { as } = tab(t)
  await as('ann').GET('/api/tasks')
  // In another tab.
  signIn('ben')
  answers(() => refusal())
  await t.rejects(as('ann').POST('/api/tasks', { body: { title: 'of Ann' } }), { status: 401, code: 'session_changed' })
  await t.rejects(as('ann').POST('/api/tasks', { body: { title: 'of Ann' } }), { code: 'session_changed' })
  answers(() => Response.json({}))
  await as('ben').GET('/api/tasks')
  t.strictSame(sent, ['ann GET /api/tasks', 'ann POST /api/tasks', 'ben GET /api/tasks'])
})

test('an account that is switched while the token is on its way sends nothing', async (t) => {
  const { tab, auth, signIn, sent } = open()
  const { token } = auth
  auth.token = () => {
    signIn('ben')
    return token()
  }
  await t.rejects(tab(t).as('ann').GET('/api/tasks'), { code: 'session_changed' })
  t.strictSame(sent, [])
})

test('a refused token is replaced once, and the call is repeated with its body', async (t) => {
  const { tab, answers, sent } = open()
  const bodies: string[] = []
  answers(async (request) => {
    bodies.push(await request.text())
    return bodies.length === 1 ? refusal() : Response.json({}, { status: 201 })
  })
  await tab(t)
    .as('ann')
    .POST('/api/tasks', { body: { title: 'milk' } })
  t.strictSame(bodies, Array(2).fill('{"title":"milk"}'))
  answers(() => refusal())
  sent.length = 0
  await t.rejects(tab(t).as('ann').GET('/api/tasks'), { code: 'token_revoked' })
  t.equal(sent.length, 2)
  answers(() => Response.json({ code: 'forbidden' }, { status: 403 }))
  await t.rejects(tab(t).as('ann').GET('/api/tasks'), { code: 'forbidden' })
})

test('a text that is not a token of Better Auth is never sent', async (t) => {
  const { baseUrl, sent, world } = open()
  for (const token of [
    null,
    '',
    'opaque-session-token',
    'a.b.c',
    `e30.${base64({ sub: 'ben' })}.x`,
    `e30.${base64({})}.x`
  ]) {
    const api = createUserApi({ baseUrl, userId: 'ann', getToken: async () => token }, world)
    await t.rejects(api.GET('/api/tasks'), { code: 'session_changed' }, String(token))
  }
  t.strictSame(sent, [])
})

test('when Better Auth does not answer, calls fail with a problem, and nobody is signed out', async (t) => {
  const { tab, betterAuthIs } = open()
  const { as, left } = tab(t)
  betterAuthIs('up', async () => ({ data: null, error: { status: 500, message: 'no database' } }))
  await t.rejects(as('ann').GET('/api/tasks'), {
    status: 500,
    code: 'issuer_unavailable',
    detail: 'Better Auth gave no token: no database'
  })
  betterAuthIs('up', async () => ({ data: null, error: null }))
  await t.rejects(as('ann').GET('/api/tasks'), { status: 0, code: 'issuer_unavailable' })
  betterAuthIs('up', () => Promise.reject(new TypeError('fetch failed')))
  await t.rejects(as('ann').GET('/api/tasks'), { status: 0, code: 'network_error' })
  betterAuthIs('up')
  await as('ann').GET('/api/tasks')
  t.strictSame(left, [])
})

test('a sign-out ends both sides and all tabs, and the calls that are in progress', async (t) => {
  const { tab, sent, answers } = open()
  const [first, second] = [tab(t), tab(t)]
  let waiting = 0
  answers((request) => {
    if (!request.url.endsWith('/tasks')) return Response.json({})
    waiting += 1
    return new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)))
  })
  const calls = [first, second].map(({ as }) => t.rejects(as('ann').GET('/api/tasks'), { code: 'session_changed' }))
  await until('both calls are sent', () => waiting === 2)
  t.match(await first.signOut('ann'), { betterAuth: 'ended', gatehouse: 'ended' })
  t.equal(sent.at(-1), 'ann POST /api/auth/logout')
  await until('the other tab hears it', () => second.left.length > 0)
  await Promise.all(calls)
  t.strictSame([first.left, second.left], [['ann'], ['ann']])
  await t.rejects(second.as('ann').GET('/api/tasks'), { code: 'session_changed' })
})

test('a token that arrives after a sign-out in another tab is not used', async (t) => {
  const { tab, auth, sent } = open()
  const [{ as, left }, other] = [tab(t), tab(t)]
  const { token } = auth
  const late = Promise.withResolvers<void>()
  let asked = 0
  auth.token = async () => {
    asked += 1
    const first = asked === 1
    const answer = await token()
    if (first) await late.promise
    return answer
  }
  const call = t.rejects(as('ann').GET('/api/tasks'), { code: 'session_changed' })
  await until('a token is asked for', () => asked === 1)
  t.match(await other.signOut('ann'), { betterAuth: 'ended', gatehouse: 'ended' })
  await until('this tab hears it', () => left.length > 0)
  late.resolve()
  await call
  t.strictSame(sent, ['ann POST /api/auth/logout'])
})

test('when Gatehouse is down, the user is signed out, and Gatehouse is asked until it answers', async (t) => {
  const { tab, answers, sent } = open()
  const { signOut, as } = tab(t)
  await as('ann').GET('/api/tasks')
  sent.length = 0
  answers(() => (sent.length > 9 ? Response.json({}) : Response.json({}, { status: 503 })))
  const out = await signOut('ann')
  t.match(out, { betterAuth: 'ended', gatehouse: 'retrying' })
  await out.settled
  t.equal(sent.length, 10)
  t.ok(sent.every((line) => line === 'ann POST /api/auth/logout'))
})

test('Gatehouse is not asked longer than the tokens are valid', async (t) => {
  const { tab, answers, waits } = open()
  answers(() => Response.json({}, { status: 503 }))
  await (await tab(t).signOut('ann')).settled
  t.ok(waits.reduce((sum, ms) => sum + ms, 0) < 900_000)
  t.ok(waits.includes(60_000))
  t.match(await tab(t).signOut('ann'), { betterAuth: 'ended', gatehouse: 'no_token' })
})

test('a client that was closed stops asking', async (t) => {
  const { tab, answers, sent } = open()
  answers(() => Response.json({}, { status: 503 }))
  const { signOut, close } = tab(t)
  close()
  const { settled, gatehouse } = await signOut('ann')
  t.equal(gatehouse, 'retrying')
  await settled
  t.equal(sent.length, 4)
})

test('when Better Auth is down, the tokens end at Gatehouse, and the app learns that the user is still signed in', async (t) => {
  const { tab, betterAuthIs, signOuts, sent } = open()
  const { signOut, as, left } = tab(t)
  await as('ann').GET('/api/tasks')
  betterAuthIs('down', () => Promise.reject(new TypeError('fetch failed')))
  t.match(await signOut('ann'), { betterAuth: 'failed', gatehouse: 'ended' })
  t.equal(signOuts(), 3)
  t.equal(sent.at(-1), 'ann POST /api/auth/logout')
  t.strictSame(left, [])
  betterAuthIs('up')
  t.match(await signOut('ann'), { betterAuth: 'ended', gatehouse: 'ended' })
})

test('when Better Auth and Gatehouse are both down, the sign-out reports both', async (t) => {
  const { tab, betterAuthIs, answers } = open()
  const { signOut, as } = tab(t)
  await as('ann').GET('/api/tasks')
  betterAuthIs('down', () => Promise.reject(new TypeError('fetch failed')))
  answers(() => Response.json({}, { status: 502 }))
  t.match(await signOut('ann'), { betterAuth: 'failed', gatehouse: 'retrying' })
  const fresh = tab(t)
  t.match(await fresh.signOut('ann'), { betterAuth: 'failed', gatehouse: 'no_token' })
})

test("signing out on a page of Ann does not end the session of Ben, but Ann's tokens", async (t) => {
  const { tab, signIn, signOuts, sent } = open()
  const { signOut, as } = tab(t)
  await as('ann').GET('/api/tasks')
  signIn('ben')
  t.match(await signOut('ann'), { betterAuth: 'ended', gatehouse: 'ended' })
  t.equal(signOuts(), 0)
  t.equal(sent.at(-1), 'ann POST /api/auth/logout')
})

test('a 401 to the sign-out at Better Auth counts as signed out, and a network error as failed', async (t) => {
  const { tab, auth } = open()
  auth.signOut = async () => ({ data: null, error: { status: 401 } })
  t.match(await tab(t).signOut('ann'), { betterAuth: 'ended', gatehouse: 'ended' })
  auth.signOut = () => Promise.reject(new TypeError('fetch failed'))
  t.match(await tab(t).signOut('ann'), { betterAuth: 'failed' })
})
