import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { checkRefusal, listen, message, requests } from '../helpers/raw.ts'

const { app, lines, signUp } = await startApp(t)
const { send } = await listen(app)
const ann = await signUp()

const token = `Authorization: Bearer ${ann.token}`
const json = 'Content-Type: application/json'
const get = (path: string, ...more: string[]) => message(`GET ${path} HTTP/1.1`, 'Host: a', ...more)
const post = (body: string, ...more: string[]) =>
  message('POST /api/auth/login HTTP/1.1', 'Host: a', json, ...more) + body
const chunked = (body: string) =>
  message('POST /api/tasks HTTP/1.1', 'Host: a', token, json, 'Transfer-Encoding: CHUNKED') +
  `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: a`)

const keyRefusal = 'The Idempotency-Key is unreadable: 1 to 255 characters'
const refused: [string, string | Buffer, number?][] = [
  ['two Host headers', get('/api/auth/me', 'host: b')],
  ['no Host header', message('GET /api/auth/me HTTP/1.1')],
  ['an empty Host header', message('GET /api/auth/me HTTP/1.1', 'Host:')],
  ['a Host header that is none', message('GET /api/auth/me HTTP/1.1', 'Host: a/b@c')],
  ['a Host header with a port that is no number', message('GET /api/auth/me HTTP/1.1', 'Host: a:b')],
  ['a Host header with two ports', message('GET /api/auth/me HTTP/1.1', 'Host: a:1:2')],
  ['a Host header with text before its address', message('GET /api/auth/me HTTP/1.1', 'Host: a[::1]')],
  ['a Host header with text after its address', message('GET /api/auth/me HTTP/1.1', 'Host: [::1]a')],
  ['a Host header with an empty address', message('GET /api/auth/me HTTP/1.1', 'Host: []')],
  ['a Host header that is none, in HTTP/1.0', message('GET /api/auth/me HTTP/1.0', 'Host: a b')],
  ['two Authorization headers', get('/api/auth/me', token, token)],
  ['HTTP/1.0 with chunks', message('POST /api/auth/login HTTP/1.0', json, 'Transfer-Encoding: chunked')],
  ['HTTP/0.9', 'GET /health\r\n\r\n'],
  ['HTTP/2.0 in words', message('GET /health HTTP/2.0', 'Host: a')],
  ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/1.2', message('GET /health HTTP/1.2', 'Host: a')],
  ['TLS', Buffer.from('160301020001000001fc0303', 'hex')],
  ['101 headers', get('/health', ...many(99)), 431],
  ['1,100 headers', get('/health', ...many(1_098)), 431],
  ['3,000 headers, the forbidden one last', get('/api/auth/me', ...Array(2_996).fill('a:'), token, token), 431],
  ['a header over 16 KiB', get('/health', `X: ${'a'.repeat(17_000)}`), 431],
  ['a URL over 16 KiB', get(`/health?${'a'.repeat(17_000)}`), 431],
  ['Content-Length and Transfer-Encoding', post('0\r\n\r\n', 'Content-Length: 4', 'Transfer-Encoding: chunked')],
  ['Transfer-Encoding and Content-Length', post('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Content-Length: 4')],
  ['two Content-Lengths', post('abcde', 'Content-Length: 4', 'Content-Length: 5')],
  ['a negative Content-Length', post('abcde', 'Content-Length: -1')],
  ['a chunk without a length', post('ZZ\r\n{}\r\n0\r\n\r\n', 'Transfer-Encoding: chunked')],
  ['a chunk longer than it says', post('2\r\n{}x\r\n0\r\n\r\n', 'Transfer-Encoding: chunked')],
  ['an unknown transfer coding', post('2\r\n{}\r\n0\r\n\r\n', 'Transfer-Encoding: xchunked')],
  ['a second transfer coding', post('2\r\n{}\r\n0\r\n\r\n', 'Transfer-Encoding: gzip, chunked')],
  ['bare line feeds', 'GET /health HTTP/1.1\nHost: a\n\n'],
  ['a blank before a colon', message('GET /health HTTP/1.1', 'Host: a', 'X : a')],
  ['a folded header', get('/health', 'X: a', ' b')],
  ['U+0000 in a header', get('/health', 'X: a\0b')],
  ['an unknown method', message('FOO /health HTTP/1.1', 'Host: a')],
  ['a URL without a slash', message('GET health HTTP/1.1', 'Host: a')],
  ['%ff in the URL', get('/%ff')],
  ['%ff in a parameter', get('/api/tasks/%ff', token)],
  ['%ff in a query', get('/api/tasks?q=%ff', token)],
  ['half an escape', get('/api/tasks?q=%e2%82', token)],
  ['raw bytes in the URL', Buffer.from(get('/api/tasks?q=\xff', token), 'latin1')],
  ['a parameter of 200 characters', get(`/api/tasks/${'a'.repeat(200)}`, token)],
  ['CONNECT', message('CONNECT a:443 HTTP/1.1', 'Host: a:443')],
  ['an expectation that cannot be met, and no body', post('', 'Expect: nonsense', 'Content-Length: 0')],
  ['a star', get('*'), 404],
  ['a path with dots', get('/docs/../api/tasks'), 404],
  ['a doubled slash', get('//health'), 404],
  ['a method of WebDAV', message('PROPFIND /health HTTP/1.1', 'Host: a'), 405],
  ['TRACE', message('TRACE /health HTTP/1.1', 'Host: a', token), 405],
  ['QUERY', message('QUERY /api/tasks HTTP/1.1', 'Host: a', token), 405]
]

test('malformed or malicious HTTP is refused, with one log line', async (t) => {
  for (const [what, bytes, status = 400] of refused)
    await t.test(what, async (t) => {
      const from = lines.length
      const answers = await send(bytes)
      t.equal(answers.length, 1, 'one answer')
      checkRefusal(t, answers[0], status)
      const logged = await requests(lines, from, 1)
      t.match(logged, [{ status, request_id: answers[0]?.headers['x-request-id'] }])
      t.equal(logged.length, 1)
      t.notOk(
        lines.slice(from).find(({ level }) => Number(level) >= 50),
        'no fault of ours'
      )
    })
  t.equal((await send(get('/health'))).at(0)?.status, 200, 'the process lives')
})

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const task = (...more: string[]) => message('POST /api/tasks HTTP/1.1', 'Host: a', token, json, ...more)
const patch = (ifMatch: string) =>
  message(`PUT /api/tasks/${id} HTTP/1.1`, 'Host: a', token, json, 'Content-Length: 2', ifMatch)

test('the detail of a refusal names what is unreadable, unsupported, repeated or missing', async (t) => {
  const said: [string | Buffer, string][] = [
    [message('GET /health HTTP/2.0', 'Host: a'), 'Only HTTP/1.1 and HTTP/1.0 are supported'],
    [get('/health', 'Host: b'), 'More than one host header'],
    [get('/health', token, token), 'More than one authorization header'],
    [message('GET /health HTTP/1.1', 'Host: a/b'), 'The Host header is missing or unreadable'],
    [post('', 'Transfer-Encoding: gzip, chunked'), 'The only Transfer-Encoding is chunked, with HTTP/1.1'],
    [get('/%ff'), 'The URL is unreadable'],
    [get('/api/tasks?q=%ff', token), 'The URL is unreadable'],
    [message('FOO /health HTTP/1.1', 'Host: a'), 'Not readable as HTTP'],
    [message('CONNECT a:443 HTTP/1.1', 'Host: a:443'), 'This is no proxy'],
    [Buffer.from(`${post('', 'Content-Length: 1')}\xff`, 'latin1'), 'The body is not UTF-8'],
    [post('{', 'Content-Length: 1'), 'The body is not readable as JSON'],
    [`${patch('If-Match: "')}{}`, 'The If-Match header is unreadable'],
    [`${task('Content-Length: 13', 'Idempotency-Key: "')}{"title":"a"}`, keyRefusal],
    [get(`/api/tasks/${id}`, token), 'Task not found'],
    [message(`DELETE /api/auth/sessions/${id} HTTP/1.1`, 'Host: a', token), 'Session not found'],
    [message(`DELETE /api/auth/tokens/${id} HTTP/1.1`, 'Host: a', token), 'Personal access token not found'],
    [get('/api/nothing', token), 'Resource not found']
  ]
  for (const [bytes, detail] of said) {
    const [answer] = await send(bytes)
    t.equal(JSON.parse(answer?.body ?? '').detail, detail)
  }
})

const accepted: [string, string, number[]][] = [
  ['100 headers', get('/health', ...many(98)), [200]],
  ['an absolute URL', get('http://a/health'), [200]],
  ['a Host with an IPv6 address and a port', message('GET /health HTTP/1.1', 'Host: [::1]:8000'), [200]],
  ['a Host with a port', message('GET /health HTTP/1.1', 'Host: A-1.example:8000'), [200]],
  ['a Host with an empty port', message('GET /health HTTP/1.1', 'Host: a:'), [200]],
  ['chunks in capital letters', chunked('{"title":"a chunk"}'), [201]],
  ['HTTP/1.0 without a Host', message('GET /health HTTP/1.0'), [200]],
  ['a request to upgrade, ignored', get('/health', 'Upgrade: h2c', 'HTTP2-Settings: AA'), [200]],
  ['an expectation', post('{}', 'Expect: 100-continue', 'Content-Length: 2'), [100, 400]],
  ['an unknown expectation, ignored', post('{}', 'Expect: nonsense', 'Content-Length: 2'), [400]],
  ['OPTIONS *', message('OPTIONS * HTTP/1.1', 'Host: a'), [204]],
  ['an escape of UTF-8', get('/api/tasks?q=%E2%82%AC', token), [200]],
  ['a pipeline', `GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n${get('/api/auth/me')}`, [200, 401]]
]

test('rare but valid HTTP is accepted', async (t) => {
  for (const [what, bytes, statuses] of accepted) {
    const answers = await send(bytes)
    t.strictSame(
      answers.map(({ status }) => status),
      statuses,
      what
    )
    for (const { headers, status } of answers) t.ok(status === 100 || headers['x-content-type-options'], what)
  }
})

test('an absolute URL cannot override the Host header', async (t) => {
  const body = '{"title":"a"}'
  const length = `Content-Length: ${body.length}`
  const [answer] = await send(
    message('POST http://evil.example/api/tasks HTTP/1.1', 'Host: a', token, json, length) + body
  )
  t.match(answer, { status: 201, headers: { location: /^\/api\/tasks\/[\w-]+$/ } })
})
