import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import t, { test } from 'tap'
import { type GuardOptions, guard } from '../../packages/guard/src/guard.ts'
import { firstKey, guardToken, header, startConsumer, startKeyServer } from '../helpers/guard.ts'
import { pairs, published } from '../helpers/keys.ts'
import { ourClaims, seconds } from '../helpers/mint.ts'
import { signPart } from '../helpers/signing.ts'
import { until } from '../helpers/wait.ts'

/** Milliseconds between two tries, between two questions, and until what is known is too old. */
const [fetchPause, spacing, maxAge] = [30_000, 250, 15_000]

const { state, publish, jwksUrl } = await startKeyServer(t)

interface Ask {
  url: URL
  authorization: string | undefined
  answer: (page: object, status?: number) => void
  raw: ServerResponse
}

/** Instead of the first answer. */
const failing = {}

/** A feed whose answers the test gives one by one, and a consumer of it. `asked` is the next request. */
async function start(
  options: object = {},
  first: object = { items: [], has_more: false },
  second?: (ask: Ask) => void,
  isPausing = true,
  holdsSpaces = false
) {
  const asks: Ask[] = []
  const http = createServer((request, raw) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    const answer = (page: object, status = 200) =>
      raw.writeHead(status).end(JSON.stringify({ cursor: 'next', ...page }))
    asks.push({ url, authorization: request.headers.authorization, answer, raw })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const asked = () => until('a request', () => asks.shift())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/api/revocations`
  const pauses: { milliseconds: number; end: () => void }[] = []
  let spaces = 0
  const pause = (milliseconds: number, signal: AbortSignal) =>
    new Promise((resolve, reject) => {
      if (milliseconds === spacing && !holdsSpaces) {
        spaces += 1
        resolve(undefined)
        return
      }
      pauses.push({ milliseconds, end: () => resolve(undefined) })
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  const opening = asked().then(({ answer, raw }) => (first === failing ? raw.destroy() : answer(first)))
  if (second) void opening.then(asked).then(second)
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const revocations = { url, token: 'gh_x', ...options }
  const consumer = await startConsumer(t, { jwksUrl, revocations, ...(isPausing && { pause }) })
  const paused = () => until('a pause', () => pauses.shift())
  return { ...consumer, asked, asks, paused, spaces: () => spaces }
}

const item = (id: string, more = {}) => ({
  kind: 'session',
  id,
  issued_until: null,
  expires_at: new Date((seconds() + 3600) * 1000).toISOString(),
  ...more
})

test('a token of an ended session is refused, also one that was verified before', async (t) => {
  const { me, asked } = await start()
  const sid = crypto.randomUUID()
  const [token, another] = [guardToken({ sid }), guardToken({ sid })]
  t.equal((await me(token)).statusCode, 200)
  const second = await asked()
  t.equal(second.authorization, 'Bearer gh_x')
  t.strictSame(Object.fromEntries(second.url.searchParams), { wait: '5', after: 'next' })
  second.answer({ items: [item(sid)], has_more: false, cursor: 'later' })
  const third = await asked()
  t.equal(third.url.searchParams.get('after'), 'later')
  for (const text of [token, another]) {
    const answer = await me(text)
    t.equal(answer.statusCode, 401)
    t.equal(answer.json().code, 'token_revoked')
    t.match(answer.headers['www-authenticate'], /error_description="Token has been revoked"/)
  }
  t.equal((await me(guardToken())).statusCode, 200)
})

test('the start waits until all pages are read', async (t) => {
  const sid = crypto.randomUUID()
  const { me, asked } = await start({}, { items: [], has_more: true }, (next) => {
    t.strictSame(Object.fromEntries(next.url.searchParams), { wait: '0', after: 'next' })
    next.answer({ items: [item(sid)], has_more: false })
  })
  await asked()
  t.equal((await me(guardToken({ sid }))).statusCode, 401)
})

for (const kind of ['signing_key', 'other'])
  test(`a withdrawn signing key is refused at once, also if it is still published (${kind})`, async (t) => {
    const { me, asked, time } = await start()
    const token = guardToken()
    t.equal((await me(token)).statusCode, 200)
    ;(await asked()).answer({
      items: [item('first', { kind, issued_until: 5 }), item(crypto.randomUUID(), { kind })],
      has_more: false
    })
    await asked()
    t.equal((await me(token)).statusCode, 401, 'verified before')
    t.equal((await me(guardToken())).statusCode, 401, 'not verified before')
    const before = state.fetches
    time.elapsed += 6 * 60_000
    t.equal((await me(guardToken())).statusCode, 401)
    t.equal(state.fetches, before + 1, 'the keys were fetched again, and the key was among them')
  })

test('a revocation of an unknown kind withdraws no key that appears later under its id', async (t) => {
  t.teardown(() => publish(firstKey))
  const { me, time, asked } = await start()
  ;(await asked()).answer({ items: [item('second', { kind: 'other' })], has_more: false })
  const next = await asked()
  publish(firstKey, published(pairs.ES256, 'second'))
  time.elapsed += fetchPause
  next.answer({ items: [], has_more: false })
  ;(await asked()).answer({ items: [], has_more: false })
  await asked()
  const token = signPart({ ...header, alg: 'ES256', kid: 'second' }, ourClaims(), pairs.ES256.privateKey)
  t.equal((await me(token)).statusCode, 200)
})

test('a signing key that was withdrawn before the keys are known is refused when a cache publishes it', async (t) => {
  state.answer = (response) => response.destroy()
  t.teardown(() => publish(firstKey))
  const { me, time, asked } = await start({}, { items: [item('first', { kind: 'signing_key' })], has_more: false })
  t.equal((await me(guardToken())).statusCode, 503, 'no keys')
  publish(firstKey, published(pairs.ES256, 'second'))
  time.elapsed += fetchPause
  ;(await asked()).answer({ items: [], has_more: false })
  await asked()
  t.equal((await me(guardToken())).statusCode, 401)
})

test('kinds that a later release may add are ignored, as are ended personal access tokens', async (t) => {
  const { me, asked } = await start()
  const sid = crypto.randomUUID()
  const items = ['personal_token', 'later'].flatMap((kind) => [item(sid, { kind }), item('first', { kind })])
  ;(await asked()).answer({ items, has_more: false })
  await asked()
  t.equal((await me(guardToken({ sid }))).statusCode, 200)
})

test('while revocations are unknown requests get 503, or are accepted if so configured', async (t) => {
  for (const [whenUnknown, status] of [
    ['refuse', 503],
    ['accept', 200],
    [undefined, 503]
  ] as const) {
    const { me, guard, asked, paused, time } = await start(whenUnknown && { whenUnknown }, failing)
    const { end } = await paused()
    t.equal(guard.isFresh(), false)
    t.equal((await me(guardToken())).statusCode, status, `${whenUnknown}, at the start`)
    end()
    const sid = crypto.randomUUID()
    ;(await asked()).answer({ items: [item(sid)], has_more: false })
    await asked()
    t.equal((await me(guardToken())).statusCode, 200)
    time.elapsed += maxAge
    t.equal(guard.isFresh(), true)
    time.elapsed += 1
    t.equal(guard.isFresh(), false)
    t.equal((await me(guardToken())).statusCode, status, `${whenUnknown}, later`)
    t.equal((await me(guardToken({ sid }))).statusCode, 401, 'what is known stays known')
  }
})

test('a response that was in flight while the process was suspended does not count as fresh', async (t) => {
  const { guard, asked, time } = await start()
  const { answer } = await asked()
  time.elapsed += 60_000
  answer({ items: [], has_more: false })
  const next = await asked()
  t.equal(guard.isFresh(), false)
  next.answer({ items: [], has_more: false })
  await asked()
  t.equal(guard.isFresh(), true)
})

test('after failures the feed is read again with exponential backoff and jitter', async (t) => {
  const { asked, paused, says } = await start()
  const bounds = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]
  const faults: ((ask: Ask) => void)[] = [
    ({ raw }) => raw.destroy(),
    ({ answer }) => answer({}, 503),
    ({ answer }) => answer({}, 401),
    ({ answer }) => answer({ items: [{}], has_more: false }),
    ({ answer }) => answer({ items: {}, has_more: false }),
    ({ answer }) => answer({ items: [item('x', { expires_at: 'soon' })], has_more: false }),
    ({ answer }) => answer({ items: [], has_more: false, more: 'x'.repeat(1_100_000) }),
    ({ raw }) => raw.end('{"items":[],"has_more":false,"cursor":'),
    ({ raw }) => raw.writeHead(302, { location: '/elsewhere' }).end()
  ]
  for (const [index, fault] of faults.entries()) {
    const ask = await asked()
    t.equal(ask.url.searchParams.get('after'), 'next')
    fault(ask)
    const { milliseconds, end } = await paused()
    const longest = bounds[index] ?? 0
    t.ok(milliseconds >= longest / 2 && milliseconds <= longest, `${milliseconds} of ${longest} ms`)
    t.match(await says(/revocations could not be read/), { failures: index + 1 })
    end()
  }
  ;(await asked()).answer({ items: [], has_more: false })
  ;(await asked()).raw.destroy()
  t.ok((await paused()).milliseconds <= 500, 'from the beginning after a success')
})

test('a response that stalls is aborted five seconds after the wait that was asked for', async (t) => {
  const late = new AbortController()
  const given = t.capture(AbortSignal, 'timeout', () => late.signal)
  const { asked, paused, says } = await start()
  ;(await asked()).raw.write('{"items":[')
  late.abort(new DOMException('too late', 'TimeoutError'))
  await paused()
  t.match(await says(/revocations could not be read/), { err: { message: /too late/ } })
  const allowed = given().map(({ args: [milliseconds] }) => milliseconds)
  t.strictSame(allowed.sort(), [10_000, 3_000, 5_000], 'for news, the keys and what is known already')
})

test('the feed is read continuously with the default pause, too', async (t) => {
  const { me, asked } = await start({}, failing, undefined, false)
  const sid = crypto.randomUUID()
  ;(await asked()).answer({ items: [item(sid)], has_more: false })
  await asked()
  t.equal((await me(guardToken({ sid }))).statusCode, 401)
  t.equal((await me(guardToken())).statusCode, 200)
})

test('when Gatehouse rejects the cursor, the feed is read from the beginning', async (t) => {
  const { asked, paused } = await start()
  ;(await asked()).answer({}, 400)
  ;(await paused()).end()
  const { url } = await asked()
  t.strictSame(Object.fromEntries(url.searchParams), { wait: '0' })
})

test('ended sessions are removed from memory when their tokens have expired', async (t) => {
  const { me, asked, time } = await start()
  const sid = crypto.randomUUID()
  ;(await asked()).answer({ items: [item(sid)], has_more: false })
  let next = await asked()
  const token = guardToken({ sid, exp: seconds() + 9_000 })
  t.equal((await me(token)).statusCode, 401)
  for (const [later, status] of [
    [3_500_000, 401],
    [200_000, 200]
  ] as const) {
    time.now += later
    time.elapsed += 60_000
    next.answer({ items: [], has_more: false })
    ;(await asked()).answer({ items: [], has_more: false })
    next = await asked()
    t.equal((await me(token)).statusCode, status, `${later} ms later`)
  }
})

test('closing ends the subscription', async (t) => {
  const { app, asked, asks, lines } = await start()
  const { raw } = await asked()
  const closed = new Promise((resolve) => raw.on('close', resolve))
  await app.close()
  await closed
  t.strictSame(asks, [])
  t.notOk(lines.some(({ msg }) => msg === 'the revocations could not be read'))
  const paused = await start({}, failing)
  await paused.paused()
  await paused.app.close()
  t.strictSame(paused.asks, [])
  const between = await start({}, undefined, undefined, true, true)
  t.equal((await between.paused()).milliseconds, spacing)
  await between.app.close()
  t.strictSame(between.asks, [], 'between two questions')
})

test('wrong options stop the start', async (t) => {
  const right = { url: 'https://auth.example.com/api/revocations', token: 'gh_x' }
  for (const [change, message] of [
    [{ url: undefined }, 'revocations.url is required'],
    [{ url: 'http://auth.example.com/' }, 'http://auth.example.com/ is not an https URL'],
    [{ token: undefined }, 'revocations.token is required'],
    [{ token: 'x\r\ny: z' }, 'revocations.token is required'],
    [{ whenUnknown: 'ask' }, 'revocations.whenUnknown must be refuse or accept'],
    [{ maxAge: 10_000 }, 'revocations.maxAge must be at least 11,000 milliseconds']
  ] as const) {
    const options = { issuer: 'gatehouse', audience: 'gatehouse', jwksUrl, revocations: { ...right, ...change } }
    await t.rejects(async () => Fastify().register(guard, options as GuardOptions), { message }, message)
  }
})

test('the feed is read with a pause between two requests, unless more is there already', async (t) => {
  const { asked, spaces } = await start()
  for (let i = 0; i < 3; i++) {
    const { answer } = await asked()
    t.equal(spaces(), i + 1)
    answer({ items: [item(crypto.randomUUID())], has_more: false })
  }
  const { answer } = await asked()
  const before = spaces()
  answer({ items: [item(crypto.randomUUID())], has_more: true })
  await asked()
  t.equal(spaces(), before, 'more is there')
})
