import { test } from 'tap'
import { createExchanges, surroundings } from '../../web/client/src/exchange.ts'
import { createGatehouse, GatehouseProblem, isSecondFactorRequired } from '../../web/client/src/index.ts'

const url = 'https://api.example.com/api/tasks'
const unavailable = (seconds?: string) => () =>
  new Response('{"code":"unavailable","detail":"Temporarily unavailable"}', {
    status: 503,
    headers: seconds === undefined ? {} : { 'retry-after': seconds }
  })
const lost = () => {
  throw new TypeError('Failed to fetch')
}
const fine = () => new Response('{"items":[]}')

/** Returns the error, or undefined. */
const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error
  )

/** Returns these answers in turn, the last one repeatedly. */
function server(...answers: (() => Response)[]) {
  const waits: number[] = []
  let asked = 0
  const exchanges = createExchanges({
    now: Date.now,
    fetch: async () => (answers[asked++] ?? answers.at(-1) ?? fine)(),
    async wait(ms) {
      waits.push(ms)
    }
  })
  return { ...exchanges, waits, asked: () => asked }
}

test('reads are retried three times, with growing delays', async (t) => {
  for (const failure of [lost, unavailable()]) {
    const { fitting, waits, asked } = server(failure)
    await t.rejects(fitting(new Request(url)), GatehouseProblem)
    t.equal(asked(), 4)
    for (const [i, ms] of waits.entries()) t.ok(ms >= 225 * 2 ** i && ms <= 375 * 2 ** i, `${ms} ms`)
  }
  const recovering = server(lost, unavailable(), fine)
  t.equal((await recovering.fitting(new Request(url))).status, 200)
  t.equal(recovering.asked(), 3)
})

test('writes are not retried, because they may have been carried out', async (t) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const { fitting, asked } = server(lost)
    t.match(await thrown(fitting(new Request(url, { method }))), { status: 0, code: 'network_error' })
    t.equal(asked(), 1, method)
  }
})

test('Retry-After is obeyed, up to ten seconds', async (t) => {
  const soon = server(unavailable('3'), fine)
  t.equal((await soon.fitting(new Request(url))).status, 200)
  t.strictSame(soon.waits, [3000])
  const late = server(unavailable('11'))
  t.match(await thrown(late.fitting(new Request(url))), { retryAfter: 11 })
  t.equal(late.asked(), 1)
  const odd = server(unavailable('Wed, 21 Oct 2026 07:28:00 GMT'), fine)
  await odd.fitting(new Request(url))
  t.ok(Number(odd.waits[0]) < 400)
})

test('answers with 400, 401, 403, 404, 409, 429 or 500 are not retried', async (t) => {
  for (const status of [400, 401, 403, 404, 409, 429, 500]) {
    const { fitting, asked } = server(() => new Response('', { status }))
    t.match(await thrown(fitting(new Request(url))), { status, code: 'unexpected_answer' })
    t.equal(asked(), 1)
  }
})

test("a GatehouseProblem contains the server's problem details", async (t) => {
  const body = {
    status: 400,
    code: 'validation_failed',
    detail: '/title is required',
    errors: [{ pointer: '/title', message: 'is required' }],
    request_id: 'abcdefgh'
  }
  const { fitting } = server(() => new Response(JSON.stringify(body), { status: 400 }))
  const problem = await fitting(new Request(url)).catch((error) => error)
  t.ok(problem instanceof GatehouseProblem && problem instanceof Error)
  t.match(problem, { ...body, name: 'GatehouseProblem', message: body.detail, retryAfter: undefined })
  const proxy = server(() => new Response('<html>', { status: 404, headers: { 'x-request-id': 'from-the-header' } }))
  const other = await proxy.fitting(new Request(url)).catch((error) => error)
  t.match(other, { status: 404, detail: 'The server answered 404', request_id: 'from-the-header' })
  t.strictSame(other.errors, [])
  const odd = server(() => new Response('null', { status: 400 }))
  await t.rejects(odd.fitting(new Request(url)), { code: 'unexpected_answer' })
})

test('an aborted call rejects at once with the abort reason, not with a GatehouseProblem', async (t) => {
  const stop = new AbortController()
  const { fitting } = createExchanges({ ...surroundings, fetch: lost as () => never })
  const waiting = fitting(new Request(url, { signal: stop.signal })).catch((error) => error)
  stop.abort()
  t.equal((await waiting).name, 'AbortError')
  const already = createExchanges(surroundings).fitting(new Request(url, { signal: AbortSignal.abort() }))
  t.equal((await already.catch((error) => error)).name, 'AbortError')
})

test('a timeout rejects with a problem of the code timeout', async (t) => {
  const late = () => Promise.reject(new DOMException('late', 'TimeoutError'))
  const { patiently } = createExchanges({ now: Date.now, fetch: late, wait: () => late() })
  const signal = AbortSignal.timeout(0)
  t.match(await thrown(patiently(new Request(url, { method: 'POST', signal }))), {
    status: 0,
    code: 'timeout'
  })
})

test('with a valid token, a request is sent before the call returns', async (t) => {
  const sent: string[] = []
  const user = {
    id: 'a',
    email: 'a@example.com',
    email_verified: true,
    name: 'A',
    is_active: true,
    role: 'user',
    created_at: '',
    updated_at: ''
  }
  const answer = { access_token: 'token', token_type: 'bearer', expires_in: 600, refresh_expires_in: 600, user }
  const { api, session, close } = createGatehouse(
    { baseUrl: 'https://one.example.com' },
    {
      async fetch(request) {
        sent.push(`${request.method} ${request.headers.get('authorization')} ${request.keepalive}`)
        return request.method === 'POST' ? Response.json(answer) : new Response(null, { status: 204 })
      }
    }
  )
  t.teardown(close)
  await session.logIn({ email: 'a@example.com', password: 'x' })
  const done = api.DELETE('/api/tasks/{id}', { params: { path: { id: 'b' } }, keepalive: true })
  t.strictSame(sent, ['POST null false', 'DELETE Bearer token true'])
  t.equal(await done, undefined)
  await session.logOut()
  t.strictSame(session.state(), { status: 'out', why: 'logout' })
})

test('a connection that breaks within the answer is a network error, and reads are retried', async (t) => {
  const headers = { 'content-type': 'application/json' }
  const broken = () =>
    new Response(new ReadableStream({ pull: (answer) => answer.error(new TypeError('terminated')) }), { headers })
  const recovering = server(broken, () => Response.json({ items: [] }))
  t.strictSame(await (await recovering.fitting(new Request(url))).json(), { items: [] })
  t.equal(recovering.asked(), 2)
  const { fitting, asked } = server(broken)
  await t.rejects(fitting(new Request(url, { method: 'PUT' })), { status: 0, code: 'network_error' })
  t.equal(asked(), 1)
})

test('an answer that is no JSON, such as the page of a captive portal, is a problem', async (t) => {
  const fetch = async () => new Response('<html>', { headers: { 'content-type': 'text/html' } })
  const { api, close } = createGatehouse({ baseUrl: 'https://three.example.com' }, { fetch })
  t.teardown(close)
  await t.rejects(api.GET('/api/tasks'), { code: 'unexpected_answer' })
})

test('a call ends when its time is over, with its retries, or when the caller aborts it', async (t) => {
  const { timeout } = AbortSignal
  const late = new AbortController()
  Object.assign(AbortSignal, { timeout: () => late.signal })
  t.teardown(() => Object.assign(AbortSignal, { timeout }))
  const hang = ({ signal }: Request) =>
    new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const { fitting } = createExchanges({ ...surroundings, fetch: hang }, 1000)
  const stop = new AbortController()
  const [stopped, overdue, retrying] = [
    fitting(new Request(url, { signal: stop.signal })),
    fitting(new Request(url, { method: 'POST' })),
    createExchanges({ ...surroundings, fetch: lost as () => never }, 1000).fitting(new Request(url))
  ].map(thrown)
  stop.abort()
  t.equal((await stopped).name, 'AbortError')
  late.abort(new DOMException('late', 'TimeoutError'))
  t.match(await overdue, { status: 0, code: 'timeout' })
  t.match(await retrying, { status: 0, code: 'network_error' }, 'the last failure, for it tells more')
})

test('a login that needs a second factor is recognized by its challenge, and nothing else is', (t) => {
  const details = { status: 401, code: 'second_factor_required', detail: '' }
  const challenge = { challenge: 'c', methods: ['totp' as const], expires_in: 300 }
  t.ok(isSecondFactorRequired(new GatehouseProblem({ ...details, ...challenge })))
  for (const other of [new GatehouseProblem(details), { ...details, ...challenge }, undefined])
    t.notOk(isSecondFactorRequired(other))
  t.end()
})
