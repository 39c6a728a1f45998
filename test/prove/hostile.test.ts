import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { createAccounts } from '../../packages/gatehouse/src/accounts.ts'
import { createBudget } from '../../packages/gatehouse/src/budget.ts'
import { transport } from '../../packages/gatehouse/src/checks/transport.ts'
import { type Answer, type Ask, createClient } from '../../packages/gatehouse/src/client.ts'
import { proveLine, provePath } from '../../packages/gatehouse/src/gate.ts'
import { createLedger, printable } from '../../packages/gatehouse/src/ledger.ts'
import { exampleOf, readOpenApi } from '../../packages/gatehouse/src/openapi.ts'
import type { Profile } from '../../packages/gatehouse/src/profiles.ts'
import { type ProveOptions, prove } from '../../packages/gatehouse/src/prove.ts'
import { exitCodeOf } from '../../packages/gatehouse/src/report/summary.ts'
import { discard, idFrom, idOf } from '../../packages/gatehouse/src/run.ts'
import { proveToken as token } from '../helpers/notes-service.ts'

async function listen(t: Test, answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

/** A server that speaks without HTTP of Node.js. */
async function listenRaw(t: Test, greet: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    greet(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function clientOf(t: Test, base: URL, timeout = 60_000) {
  const client = createClient({
    base,
    timeout,
    budget: createBudget({ rate: 1e6, maxRequests: 100, time: 480_000 })
  })
  t.teardown(client.close)
  return client
}

test('a response that is not valid HTTP, or whose headers do not end, fails the request', async (t) => {
  const cases: Record<string, [(socket: Socket) => void, RegExp, number?]> = {
    'another protocol': [
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      /the connection was closed/
    ],
    'no HTTP': [(socket) => socket.end('220 mail.example.com ESMTP\r\n'), /Parse Error/],
    'headers without end': [
      (socket) => {
        const more = () => void (socket.destroyed || socket.write(`X-${'x'.repeat(60_000)}: x\r\n`, more))
        socket.write('HTTP/1.1 200 OK\r\n', more)
      },
      /Header overflow/
    ],
    'a header byte by byte': [
      (socket) => {
        const more = () => void (socket.destroyed || socket.write('x', () => setImmediate(more)))
        socket.write('HTTP/1.1 200 OK\r\nX: ', more)
      },
      /Header overflow|none within/,
      200
    ],
    'continues without end': [
      (socket) => {
        const more = () => void (socket.destroyed || socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', more))
        more()
      },
      /none within/,
      200
    ]
  }
  for (const [name, [greet, message, timeout]] of Object.entries(cases)) {
    const client = clientOf(t, await listenRaw(t, greet), timeout)
    await t.rejects(client.ask({ path: '/' }), { message }, name)
  }
})

test('plain HTTP whose headers do not end does not stall the check of redirects', async (t) => {
  const dribble = (socket: Socket) => {
    const more = () => void (socket.destroyed || socket.write('x', () => setImmediate(more)))
    socket.write('HTTP/1.1 200 OK\r\nX: ', more)
  }
  const { port } = await listenRaw(t, dribble)
  const { port: tlsPort } = await listenRaw(t, () => {})
  const client = clientOf(t, new URL(`https://127.0.0.1:${tlsPort}`), 100)
  const ledger = createLedger(new Set(), () => true)
  const answer = { status: 401, headers: {}, cookies: [], text: '', json: undefined, isCut: false }
  const profile: Profile = { me: { path: '/me' }, credential: { cookies: true }, httpPort: Number(port) }
  const a = { headers: {} } as Parameters<typeof transport>[0]['a']
  await transport({ client, ledger, profile, a, ask: async () => answer })
  const outcomes = ledger.results().map(({ id, outcome }) => [id, outcome])
  t.match(Object.fromEntries(outcomes), { 'transport.oldTls': 'passed', 'transport.redirect': 'passed' })
})

test('characters that a path may not contain are percent-encoded', async (t) => {
  const paths: (string | undefined)[] = []
  const client = clientOf(
    t,
    await listen(t, ({ url }, response) => {
      paths.push(url)
      response.end()
    })
  )
  for (const path of ['/a b', '/\u65e5', '/\n\r', '/\ud800', '/%41?a=%20']) await client.ask({ path })
  t.strictSame(paths, ['/a%20b', '/%E6%97%A5', '/%0A%0D', '/%EF%BF%BD', '/%41?a=%20'])
})

/** How much a value contains. */
const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, inner) => sum + sizeOf(inner), 1)
    : 1

test('schemas that refer to themselves have an example of a bounded size', (t) => {
  const names = Array.from({ length: 200 }, (_, index) => `p${index}`)
  const own = { $ref: '#/own' }
  const schemas: Record<string, object> = {
    itself: own,
    'all of itself': { allOf: names.map(() => own) },
    'one of itself': { oneOf: [own, own] },
    'with itself in each property': {
      type: 'object',
      required: names,
      properties: Object.fromEntries(names.map((name) => [name, own]))
    },
    'a list of itself': { type: 'array', minItems: 1e9, items: own }
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const { resolve } = readOpenApi({ own: schema })
    t.ok(sizeOf(exampleOf(own, resolve)) <= 5000, name)
  }
  const { resolve } = readOpenApi({ a: { $ref: '#/b' }, b: { $ref: '#/a' } })
  t.equal(exampleOf({ $ref: '#/a' }, resolve), 'Gatehouse proves it', 'a circle')
  t.end()
})

test('a malformed OpenAPI document is read as far as possible', (t) => {
  const { operations, resolve } = readOpenApi({
    servers: [{ url: 5 }],
    paths: {
      '/a': null,
      '/b': 'text',
      '/c': {
        get: 5,
        post: {
          parameters: [5, null, { name: { toString: 5 }, in: [] }, { $ref: '#/%ff/%' }],
          requestBody: { content: { 'application/json': { schema: { $ref: 'elsewhere.yaml#/x' } } } }
        }
      }
    }
  })
  t.strictSame(
    operations.map(({ method, path, parameters }) => [method, path, parameters.map(({ name }) => name)]),
    [
      ['GET', '/c', []],
      ['POST', '/c', ['', '', '', '']]
    ]
  )
  const texts: object[] = [
    { type: 'string', format: '__proto__' },
    { type: 'string', format: { toString: 5 } },
    { type: 'string', minLength: 1e9, maxLength: 1e12 },
    { type: 'string', minLength: { valueOf: 5 }, maxLength: -5 }
  ]
  for (const schema of texts) {
    const text = exampleOf(schema, resolve)
    t.ok(typeof text === 'string' && text.length <= 10_000, JSON.stringify(schema))
  }
  t.equal(exampleOf({ type: 'integer', minimum: 'x' }, resolve), 1)
  t.end()
})

test('an id is taken from an answer only if it can be a segment of a path', (t) => {
  const answer = (json: unknown, location?: string): Answer => {
    const headers = location === undefined ? {} : { location }
    return { status: 201, headers, cookies: [], text: '', json, isCut: false }
  }
  t.equal(idOf(answer({ id: '' })), undefined, 'an empty one would be the collection')
  t.equal(idOf(answer({ id: { toString: 5 } })), undefined)
  t.equal(idOf(answer({ id: 'a\ud800' })), 'a\ufffd')
  t.equal(idOf(answer({}, '/notes/%ff')), undefined)
  t.equal(idOf(answer({}, '/notes/a%2Fb')), 'a/b')
  t.equal(idFrom(7), '7')
  t.end()
})

test('what a run has created is deleted by the path in the OpenAPI document, whatever characters it has', async (t) => {
  const asked: string[] = []
  const operation = (path: string) => ({ method: 'DELETE', path, parameters: [], body: undefined, isProtected: true })
  const run = {
    operations: ['/(a+)+$(/{id}', '/users/{user}/no.tes/{id}', '/users/{user}/notes', '/other/{id}'].map(operation),
    ask: async ({ method, path }: Ask) => void asked.push(`${method} ${path}`)
  } as unknown as Parameters<typeof discard>[0]
  const made = { status: 201, headers: {}, cookies: [], text: '', json: { id: 'x/y' }, isCut: false }
  for (const path of ['/(a+)+$(', '/users/1/no.tes', '/users/1/noXtes', `/${'a'.repeat(100)}!`])
    await discard(run, { method: 'POST', path }, made)
  t.strictSame(asked, ['DELETE /(a+)+$(/x%2Fy', 'DELETE /users/1/no.tes/x%2Fy'])
})

test('a token or cookie with characters that no header may contain is no credential', (t) => {
  const client = { ask: async () => {}, base: new URL('http://127.0.0.1') } as unknown as Parameters<
    typeof createAccounts
  >[0]
  const ledger = createLedger(new Set(), () => true)
  const account = { label: 'A', email: 'a', password: 'b', isOurs: false }
  const answer = (more: Partial<Answer>): Answer => ({
    ...{ status: 200, headers: {}, cookies: [], text: '', json: undefined, isCut: false },
    ...more
  })
  const byToken = createAccounts(client, { me: { path: '/me' }, credential: { token: 'token' } }, ledger)
  for (const token of ['a\nb: c', '\u65e5', 5, { toString: 5 }])
    t.equal(byToken.accept(answer({ json: { token } }), account), undefined)
  t.match(byToken.accept(answer({ json: { token: 'abc' } }), account), { headers: { authorization: 'Bearer abc' } })
  const byCookies = createAccounts(client, { me: { path: '/me' }, credential: { cookies: true } }, ledger)
  t.match(byCookies.accept(answer({ cookies: ['a=\u0001', 'b=2; Path=/'] }), account), { headers: { cookie: 'b=2' } })
  t.end()
})

test('text from a tested host cannot reverse the writing direction of a report or flood it', (t) => {
  t.equal(printable('a\u202eb\u200bc\u2028d\ud800e'), 'a\ufffdb\ufffdc\ufffdd\ufffde')
  const ledger = createLedger(new Set(), () => true)
  for (let index = 0; index < 1000; index += 1) {
    ledger.note('isolation.read', `note ${index}`)
    ledger.note('isolation.read', 'the same')
  }
  const [result] = ledger.results().filter(({ id }) => id === 'isolation.read')
  t.equal(result?.notes.length, 51)
  t.equal(result?.notes.at(-1), 'and more')
  t.end()
})

/** A deployment with accounts that does nothing but what a case wants. */
async function deployment(t: Test, openapi: string, answer: RequestListener) {
  const url = await listen(t, (request, response) => {
    request.resume()
    if (request.url === provePath) return response.end(proveLine(token))
    if (request.url === '/openapi.json') return response.end(openapi)
    const email = /mail=(\w+)/.exec(request.url ?? '')?.[1] ?? 'x'
    if (request.url?.startsWith('/sign-in')) return response.end(JSON.stringify({ token: email }))
    if (request.url === '/me') return response.writeHead(request.headers.authorization ? 200 : 401).end('{}')
    answer(request, response)
  })
  const accounts = ['ann', 'ben'].map((name) => ({ email: `${name}@example.com`, password: 'not-a-secret' }))
  const options: ProveOptions = {
    ...{ url: url.origin, token, profileName: 'hostile', rate: 1e6, maxRequests: 3000, time: 480_000 },
    profile: {
      ...{ openapi: '/openapi.json', accounts, me: { path: '/me' }, credential: { token: 'token' } },
      signIn: { path: '/sign-in' }
    }
  }
  return options
}

test('an area that fails halfway makes the run incomplete, and the areas after it are tried', async (t) => {
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const content = `{"content":{"application/json":{"schema":{"example":${nested}}}}}`
  const openapi = `{"paths":{"/notes":{"post":{"requestBody":${content}}},"/notes/{id}":{"get":{}}}}`
  const options = await deployment(t, openapi, (_, response) => response.writeHead(404).end('{}'))
  const report = await prove({ ...options, only: ['isolation', 'cors'] })
  t.match(report.incomplete, /^Isolation of two accounts ended early: Maximum call stack size exceeded$/)
  t.strictSame(
    report.results.filter(({ outcome }) => outcome === 'finding').map(({ id }) => id),
    []
  )
  t.equal(exitCodeOf(report), 2, 'it is not good')
  t.ok(
    report.results.some(({ id, cases }) => id === 'cors.any' && cases > 0),
    'the areas after it are tried'
  )
})

test('a huge document is read, and the number of its operations is bounded', async (t) => {
  const paths = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`/things${index}/{id}`, { get: {} }]))
  const openapi = JSON.stringify({ paths, more: 'x'.repeat(3 * 1024 * 1024) })
  const options = await deployment(t, openapi, (_, response) => response.writeHead(404).end('{}'))
  const report = await prove({ ...options, only: ['isolation'] })
  t.strictSame(report.remarks, ['Of 30000 operations the first 2000 are tried: see skip of the profile'])
  t.equal(report.incomplete, undefined)
  const larger = await deployment(t, `"${'x'.repeat(21 * 1024 * 1024)}"`, (_, response) => response.end())
  const [remark] = (await prove({ ...larger, only: ['isolation'] })).remarks
  t.match(remark, /^\/openapi\.json answers 200 with more than 20 MiB: without an OpenAPI document/)
})
