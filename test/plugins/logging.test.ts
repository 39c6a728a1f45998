import t, { test } from 'tap'
import { password, secret, startApp } from '../helpers/app.ts'
import { listen, message, requests } from '../helpers/raw.ts'

const { app, lines, signUp, anyone } = await startApp(t)
const { send } = await listen(app)
const ann = await signUp()

test('a request has one log line: method, route, status, time, id and user', async (t) => {
  const { id } = (await ann.post('/api/tasks', { title: 'a' })).json()
  const cases = [
    [() => ann.get(`/api/tasks/${id}?`), { method: 'GET', route: '/api/tasks/:id', status: 200, user_id: ann.id }],
    [() => ann.head('/api/tasks'), { method: 'HEAD', route: '/api/tasks', status: 200, user_id: ann.id }],
    [() => ann.post('/api/tasks', {}), { method: 'POST', route: '/api/tasks', status: 400, user_id: ann.id }],
    [() => anyone.get('/api/tasks'), { method: 'GET', route: '/api/tasks', status: 401, refusal: 'no token' }],
    [() => anyone.get('/nowhere/x'), { method: 'GET', route: 'unknown', status: 404 }],
    [() => anyone.get('/%ff'), { method: 'GET', route: 'unknown', status: 400 }]
  ] as const
  for (const [call, line] of cases) {
    const from = lines.length
    const answer = await call()
    const logged = await requests(lines, from, 1)
    t.match(logged, [{ level: 30, msg: 'request', ms: Number, ...line, request_id: answer.headers['x-request-id'] }])
    t.equal(logged.length, 1)
    t.equal('user_id' in (logged[0] ?? {}), 'user_id' in line, 'nobody is named who was not let in')
  }
})

test('a handler logs to the log of the service', async (t) => {
  const { app, lines } = await startApp(t, {
    routes: (app) =>
      app.get('/logs', { schema: { hide: true } }, async (request, reply) => {
        request.log.info('by its request')
        reply.log.info('by its reply')
        return 'done'
      })
  })
  await app.inject('/logs')
  const said = lines.map(({ msg }) => msg)
  for (const text of ['by its request', 'by its reply']) t.ok(said.includes(text), text)
})

test('no secret reaches the log, wherever a client puts it', async (t) => {
  const needle = 'N33dle-that-nobody-may-read'
  const email = `${needle}@example.com`
  const from = lines.length
  const { token } = await signUp(email)
  await anyone.post('/api/auth/register', { email, name: needle, password })
  await anyone.post('/api/auth/login', { email, password: needle })
  await anyone.post('/api/auth/login', { email, password: needle, [needle]: 1 })
  await anyone.post('/api/auth/login', `{"password":"${needle}"`, { headers: { 'content-type': 'application/json' } })
  await anyone.post('/api/auth/login', 'x', { headers: { 'content-type': needle } })
  await ann.get(`/api/tasks?q=${needle}`)
  await ann.get(`/api/tasks?token=${token}&${needle}=${needle}`)
  for (const path of [
    `/api/tasks/${needle}`,
    `/${needle}`,
    `/%ff${needle}`,
    `/docs/static/${needle}`,
    `/api/tasks/${token}`
  ])
    await ann.get(path)
  const tampered = `${token.slice(0, -3)}AAA`
  for (const authorization of [
    `Bearer ${tampered}`,
    `Basic ${needle}`,
    needle,
    `Bearer ${needle} ${needle}`,
    `Bearer ${token}`
  ])
    await anyone.get('/api/auth/me', undefined, { headers: { authorization } })
  for (const name of ['cookie', 'x-request-id', 'x-forwarded-for', 'origin', 'user-agent', 'referer'])
    await anyone.get('/health', undefined, { headers: { [name]: `${needle}; ${needle}` } })
  await ann.put('/api/auth/profile', { name: needle })
  for (const line of [`GET /${needle} HTTP/9.9`, `${needle} / HTTP/1.1`, `GET / HTTP/1.1\r\n${needle} x: y`])
    await send(message(line, 'Host: a'))

  const text = lines
    .slice(from)
    .map((line) => JSON.stringify(line))
    .join('\n')
  t.ok(lines.length - from > 20)
  for (const word of [
    needle,
    needle.toLowerCase(),
    token,
    tampered,
    token.split('.')[1] ?? token,
    password,
    secret,
    '$2b$',
    '?',
    '@'
  ])
    t.notOk(text.includes(word), word)
})

test('a valid request id of a proxy is kept', async (t) => {
  const idOf = async (id: string) =>
    (await anyone.get('/health', undefined, { headers: { 'x-request-id': id } })).headers['x-request-id']
  for (const id of ['0193aaaa-0000-7000-8000-00000000000a', 'abc.DEF_123-4', 'x'.repeat(64)])
    t.equal(await idOf(id), id)
  for (const id of [
    '',
    'short',
    'x'.repeat(65),
    'with blank',
    'a\tb-and-more',
    '{"injected":1}',
    '<script>alert(1)</script>',
    'a,b-and-more',
    '\u00e9'.repeat(9)
  ])
    t.match(await idOf(id), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, JSON.stringify(id))
  const twice = ['GET /health HTTP/1.1', 'Host: a', 'X-Request-Id: first-id-1', 'X-Request-Id: second-id']
  t.match((await send(message(...twice)))[0]?.headers['x-request-id'], /^[\da-f-]{36}$/, 'not two of them')
})
