import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { listen } from '../helpers/raw.ts'
import { routesOf, urlOf } from '../helpers/routes.ts'

const { app, signUp } = await startApp(t)
const { send } = await listen(app)
const types = [
  ...[undefined, '', 'nonsense', 'application/', '*/*', 'text/plain', 'application/octet-stream'],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json', 'application/json;x'],
  ...['text/plain;charset', 'application/json,text/plain', 'application/problem+json']
]
const framings = {
  none: ['', ''],
  'Content-Length: 0': ['Content-Length: 0\r\n', ''],
  'an empty chunk': ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  'an empty chunk with an extension and a trailer': ['Transfer-Encoding: chunked\r\n', '0;a=b\r\nX: y\r\n\r\n']
} as const

/** The server's answer on a new connection. */
async function ask(
  method: string,
  url: string,
  type: string | undefined,
  [framing, body]: readonly [string, string],
  token = ''
) {
  const kind = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const bearer = token && `Authorization: Bearer ${token}\r\n`
  const head = `${method} ${url} HTTP/1.1\r\nHost: a\r\n${kind}${bearer}${framing}Connection: close\r\n\r\n`
  const answers = await send(`${head}${body}`)
  t.equal(answers.length, 1, `${method} ${url}: one answer`)
  return answers[0]
}

test('an empty body counts as no body on every route, whatever its framing and type', async (t) => {
  const routes = routesOf(app).filter(({ method }) => /POST|PUT|PATCH|DELETE/.test(method))
  t.ok(routes.length > 15)
  for (const { method, path } of routes) {
    const url = urlOf(path)
    const { token } = await signUp()
    const expected = (await ask(method, url, undefined, framings.none, token))?.status
    const rest = [expected, expected === 204 || expected === 200 ? 401 : expected]
    for (const [how, framing] of Object.entries(framings))
      for (const type of [undefined, 'text/plain', 'application/json']) {
        const status = (await ask(method, url, type, framing, token))?.status
        t.ok(status !== 415 && rest.includes(status), `${method} ${url}, ${type}, ${how}: ${status}, not ${expected}`)
      }
  }
})

for (const [how, framing] of Object.entries(framings))
  test(`a route without a required body works without one: ${how}`, async (t) => {
    for (const type of types) {
      const { token, post } = await signUp()
      const { id } = (await post('/api/tasks', { title: 'Milk' })).json()
      const what = String(type)
      t.equal((await ask('PATCH', `/api/tasks/${id}/complete`, type, framing, token))?.status, 200, what)
      t.equal((await ask('DELETE', `/api/tasks/${id}`, type, framing, token))?.status, 204, what)
      t.equal((await ask('DELETE', '/api/auth/sessions', type, framing, token))?.status, 204, what)
      t.equal((await ask('POST', '/api/auth/logout', type, framing, token))?.status, 200, what)
      const refresh = await ask('POST', '/api/auth/refresh', type, framing)
      t.match(JSON.parse(refresh?.body ?? ''), { code: 'invalid_token' }, what)
    }
  })

test('a route without a body refuses what is in one, and does nothing', async (t) => {
  const contract = contractOf(app)
  const routes = operationsOf(contract).filter(
    ({ name, operation }) => /^(POST|PUT|PATCH|DELETE) /.test(name) && !operation.requestBody
  )
  t.ok(routes.length >= 6, routes.map(({ name }) => name).join())
  for (const { name } of routes) {
    const [method = '', path = ''] = name.split(' ')
    const { token, id, get } = await signUp()
    const url = urlOf(path.replace('{user_id}', id).replaceAll(/\{(\w+)\}/g, ':$1'))
    const given = async (text: string) => {
      const framing = [`Content-Length: ${text.length}\r\n`, text] as const
      return ask(method, url, 'application/json', framing, token)
    }
    const expected = (await ask(method, url, undefined, framings.none, (await signUp()).token))?.status
    for (const text of ['{"more":1}', '[]', '"text"', '5', 'null', 'true']) {
      const answer = await given(text)
      t.match(JSON.parse(answer?.body ?? ''), { status: 400, code: 'validation_failed' }, `${name}: ${text}`)
    }
    t.match(JSON.parse((await given('{"more":1}'))?.body ?? ''), {
      errors: [{ pointer: '/more', message: 'is not known here' }]
    })
    t.equal((await get('/api/auth/me')).statusCode, 200, `${name}: the session goes on`)
    // An object without a name has nothing that is unknown.
    if (!path.includes('{user_id}')) t.equal((await given('{}'))?.status, expected, `${name}: {}`)
  }
})

test('a non-empty body that is not JSON is refused, and no part of it is parsed as a request', async (t) => {
  const { token } = await signUp()
  const smuggled = `DELETE /api/auth/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
  for (const type of types.filter((type) => !/^application\/json(;|$)/.test(type ?? '')))
    for (const text of [
      ' ',
      '{}',
      JSON.stringify({ email: 'ann@example.com', password }),
      smuggled,
      'x'.repeat(70_000)
    ])
      for (const framing of [
        [`Content-Length: ${text.length}\r\n`, text],
        ['Transfer-Encoding: chunked\r\n', chunk(text)]
      ] as const) {
        const answer = await ask('POST', '/api/auth/login', type, framing)
        t.match(answer, { status: 415, headers: { connection: 'close' } }, `${type} ${text.slice(0, 9)}`)
      }
})

test('ambiguous framing is still refused', async (t) => {
  const odd: [string, string][] = [
    ['Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['Content-Length: 0\r\nContent-Length: 5\r\n', 'abcde'],
    ['Content-Length: +0\r\n', ''],
    ['Content-Length: 0, 0\r\n', ''],
    ['Content-Length: -0\r\n', ''],
    ['Content-Length: 0x0\r\n', ''],
    ['Transfer-Encoding: identity\r\n', ''],
    ['Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n']
  ]
  for (const framing of odd)
    t.equal((await ask('POST', '/api/auth/logout', undefined, framing))?.status, 400, framing[0])
})

test('a client that disconnects before the end of its body causes no error', async (t) => {
  const head =
    'POST /api/auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
  const { port } = app.server.address() as { port: number }
  const { connect } = await import('node:net')
  const socket = connect(port, '127.0.0.1')
  const arrived = new Promise((resolve) => app.server.once('request', (request) => request.once('close', resolve)))
  socket.write(head)
  await new Promise((resolve) => app.server.once('request', resolve))
  socket.resetAndDestroy()
  await arrived
  t.equal((await app.inject('/health/live')).statusCode, 200)
})
