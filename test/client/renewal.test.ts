import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { app, open, pass } = await startBrowsers(t, { ACCESS_TOKEN_TTL: '10m' })

test('concurrent requests with an expired token cause one refresh', async (t) => {
  const { signedUp, count } = open()
  const { api, session } = await signedUp()
  pass(601)
  const body = { title: 'Milk' }
  const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? api.GET('/api/tasks') : api.POST('/api/tasks', { body })))
  await Promise.all(calls)
  t.equal(count('refresh'), 1)
  t.equal(count('POST /api/tasks'), 10, 'none was sent with the old token first')
  t.equal((await api.GET('/api/tasks')).items.length, 10)
  t.equal(session.state().status, 'in')
})

test('concurrent requests with a revoked token cause one refresh, and their bodies arrive', async (t) => {
  const { signedUp, interfere, count } = open()
  const { api } = await signedUp()
  const refusal = (await app.inject({ url: '/api/tasks', headers: { authorization: 'Bearer x' } })).body
  const refused = new Set<string>()
  interfere(({ url, method }) => {
    const key = `${method} ${url}`
    if (url.includes('refresh') || refused.has(key)) return undefined
    refused.add(key)
    return new Response(refusal, { status: 401 })
  })
  const [task] = await Promise.all([
    api.POST('/api/tasks', { body: { title: 'Milk' } }),
    api.GET('/api/tasks'),
    api.GET('/api/auth/sessions'),
    api.PUT('/api/auth/profile', { body: { name: 'Anna' } })
  ])
  t.match(task, { title: 'Milk' })
  t.equal(count('refresh'), 1)
})

test('tabs that need a token at the same time cause one refresh', async (t) => {
  const { signedUp, tab, count } = open()
  const first = await signedUp()
  const tabs = [first, tab(), tab(), tab()]
  await Promise.all(tabs.map(({ session }) => session.restore()))
  t.equal(count('refresh'), 1, 'three new tabs')
  pass(601)
  const before = count('refresh')
  await Promise.all(tabs.map(({ api }) => api.GET('/api/tasks')))
  t.equal(count('refresh'), before + 1)
  t.strictSame(
    tabs.flatMap(({ left }) => left),
    []
  )
})

test('a token is renewed shortly before it expires', async (t) => {
  const { signedUp, count } = open()
  const { api, session } = await signedUp()
  pass(500)
  await api.GET('/api/tasks')
  t.equal(count('refresh'), 0)
  pass(60)
  let renewed = false
  session.subscribe(() => {
    renewed = true
  })
  await api.GET('/api/tasks')
  await heard(() => renewed)
  t.equal(count('refresh'), 1)
  await api.GET('/api/tasks')
  t.equal(count('refresh'), 1)
})

test('the end of a session elsewhere is reported once', async (t) => {
  const { signedUp, email, tab, count } = open()
  const first = await signedUp()
  const second = tab()
  await second.session.restore()
  const elsewhere = open().tab()
  await elsewhere.session.logIn({ email, password })
  await elsewhere.api.DELETE('/api/auth/sessions')
  const refreshes = count('refresh')
  const results = await Promise.allSettled([1, 2, 3].map(() => first.api.GET('/api/tasks')))
  t.strictSame(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected']
  )
  await heard(() => second.left.length > 0)
  t.strictSame([first.left, second.left], [['ended'], ['ended']])
  t.equal(count('refresh'), refreshes + 1)
  await t.rejects(second.api.GET('/api/tasks'), { code: 'not_authenticated' })
  t.equal(count('refresh'), refreshes + 1, 'who is out asks no more')
})

test('an unreachable server does not end the session', async (t) => {
  const { signedUp, interfere, tab } = open()
  const { api, session, left } = await signedUp()
  pass(601)
  const broken = [
    () => Promise.reject(new TypeError('Failed to fetch')),
    () => new Response('<html>', { status: 502 }),
    () => new Response('{"code":"too_many_requests","detail":"x"}', { status: 429, headers: { 'retry-after': '60' } })
  ]
  for (const interference of broken) {
    interfere(interference)
    await t.rejects(api.GET('/api/tasks'))
    const reloaded = tab()
    await t.rejects(reloaded.session.restore())
    t.equal(reloaded.session.state().status, 'unknown')
  }
  t.equal(session.state().status, 'in')
  t.strictSame(left, [])
  interfere(() => undefined)
  t.match(await api.GET('/api/tasks'), { items: [] })
})

test('a new token that is refused ends the session', async (t) => {
  const { signedUp, interfere } = open()
  const { api, left } = await signedUp()
  const refusal = '{"code":"token_revoked","detail":"Token has been revoked"}'
  interfere(({ url }) => (url.includes('refresh') ? undefined : new Response(refusal, { status: 401 })))
  await t.rejects(api.GET('/api/tasks'), { code: 'token_revoked' })
  t.strictSame(left, ['ended'])
})
