import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { Type } from '@sinclair/typebox'
import t, { test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { secret } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { patient } from '../helpers/patient.ts'
import { requests } from '../helpers/raw.ts'

/** An app with routes that throw, on a database port where nothing listens. */
const { log, lines } = captureLog()
const settings = { BETTER_AUTH_SECRET: secret, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
const app = await buildApp({ config: { ...loadConfig(settings), ...patient }, log })
const thrown: Record<string, unknown> = {}
app.get('/throws/:what', (request) => {
  throw thrown[(request.params as { what: string }).what]
})
app.get('/wrong-answer', { schema: { response: { 200: Type.Object({ name: Type.String() }) } } }, async () => ({
  no: 'name'
}))
app.get('/waits', async ({ raw }) => {
  await new Promise((resolve) => raw.socket.once('close', resolve))
  return {}
})
app.post('/echo', async ({ body }) => body ?? null)
await app.listen({ host: '127.0.0.1', port: 0 })
t.teardown(() => app.close())

test('an error of a handler that says its status answers with the problem of that status', async (t) => {
  const codes = {
    ...{ 400: 'malformed_request', 401: 'not_authenticated', 403: 'forbidden', 404: 'not_found' },
    ...{ 408: 'request_timeout', 412: 'precondition_failed', 413: 'payload_too_large', 415: 'unsupported_media_type' },
    ...{ 429: 'too_many_requests', 451: 'request_refused', 503: 'unavailable' }
  }
  for (const [status, code] of Object.entries(codes)) {
    thrown[status] = Object.assign(new Error('of a handler'), { statusCode: Number(status) })
    const answer = await app.inject(`/throws/${status}`)
    t.match(
      { answered: answer.statusCode, ...answer.json() },
      { answered: Number(status), status: Number(status), code }
    )
  }
})

test('an unexpected error answers 500 without details, and is logged in full', async (t) => {
  const unforeseen = {
    error: new Error('hidden words'),
    withStatus: Object.assign(new Error('hidden words'), { statusCode: 502 }),
    sql: Object.assign(new Error('hidden words'), { code: '42P01' }),
    aggregate: new AggregateError([new Error('hidden words')], 'hidden words'),
    text: 'hidden words',
    object: { hidden: 'words' }
  }
  for (const [name, what] of Object.entries(unforeseen)) {
    thrown[name] = what
    const from = lines.length
    const answer = await app.inject(`/throws/${name}`)
    t.match(
      { status: answer.statusCode, ...answer.json() },
      { status: 500, code: 'internal_error', detail: 'Internal error' },
      name
    )
    t.notMatch(answer.body, /hidden|words|stack|\.ts/, name)
    t.match(
      lines.slice(from).find(({ level }) => level === 50),
      { request_id: answer.json().request_id },
      name
    )
  }
  t.match(JSON.stringify(lines), /hidden words.*problems\.test\.ts/)
  t.match(
    (await app.inject('/wrong-answer')).json(),
    { status: 500, code: 'internal_error' },
    'an answer that breaks its schema'
  )
})

test('an unreachable database answers 503; a value that it refuses answers 400', async (t) => {
  const error = (message: string, code?: string) => Object.assign(new Error(message), code && { code })
  const unreachable = [
    ...['08006', '40001', '40P01', '53300', '55P03', '57014', '57P01', '58000'].map((code) => error('sql', code)),
    ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN', 'EPIPE'].map((code) => error('net', code)),
    ...['timeout expired', 'Connection terminated unexpectedly', 'No answer from the database'].map((text) =>
      error(text)
    ),
    new AggregateError([error('net', 'ECONNREFUSED')])
  ]
  for (const what of unreachable) {
    Object.assign(thrown, { what })
    const answer = await app.inject('/throws/what')
    t.match(
      { headers: answer.headers, ...answer.json() },
      { headers: { 'retry-after': '1' }, status: 503, code: 'unavailable' },
      String(what)
    )
  }
  for (const code of ['22001', '22003', '22008', '22021', '22P02', '22P05']) {
    thrown.what = error('words of the database', code)
    const answer = await app.inject('/throws/what')
    t.match(answer.json(), { status: 400, code: 'malformed_request', detail: 'A value cannot be stored' }, code)
  }
})

test('without its database the service answers 503 and continues to run', async (t) => {
  const login = { method: 'POST', url: '/api/auth/login', payload: { email: 'a@example.com', password: 'x' } } as const
  for (const request of ['/health', '/health/ready', login])
    t.match((await app.inject(request)).json(), { status: 503, code: 'unavailable' })
  t.equal((await app.inject('/health/live')).statusCode, 200)
})

test('a client that disconnects causes one log line and no error', async (t) => {
  const head = 'Host: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":'
  const cases = [
    [`POST /echo HTTP/1.1\r\n${head}`, { route: '/echo', method: 'POST', status: 499 }],
    ['GET /waits HTTP/1.1\r\nHost: a\r\n\r\n', { route: '/waits', method: 'GET', status: 499 }]
  ] as const
  for (const [bytes, line] of cases) {
    const from = lines.length
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(bytes)
    await once(app.server, 'request')
    socket.resetAndDestroy()
    t.match(await requests(lines, from, 1), [{ ...line, level: 30 }])
    t.notOk(lines.slice(from).find(({ level }) => level === 50))
  }
})
