import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t, { test } from 'tap'
import { allKeys, startIssuer } from '../../helpers/issuer.ts'
import { foreignToken, issuerName } from '../../helpers/keys.ts'

/** Milliseconds between two fetches after a failure or an unknown key, until keys are fetched again, and until they end. */
const [fetchPause, refreshAfter, keysLast] = [30_000, 10 * 60_000, 24 * 60 * 60_000]

const { state, publish, trust, url, http } = await startIssuer(t)
const unknownKid = { status: 401, code: 'invalid_token', reason: 'unknown kid' }
const unavailable = { status: 503, code: 'unavailable', headers: { 'retry-after': '30' } }
const failed = { level: 40, issuer: issuerName, msg: 'the keys could not be fetched' }

const set = JSON.stringify({ keys: allKeys })
const padded = `${set.slice(0, -1)},"more":"${'x'.repeat(70_000)}"}`
function* endless() {
  while (true) yield ' '.repeat(9_000)
}
const answers: Record<string, (response: ServerResponse) => unknown> = {
  'an empty body': (response) => response.end(),
  'not JSON': (response) => response.end('<html>'),
  'JSON but no set': (response) => response.end('[]'),
  'cut short': (response) => response.end(set.slice(0, -1)),
  'more than 100 keys': (response) => response.end(JSON.stringify({ keys: Array(101).fill({}) })),
  huge: (response) => response.end(padded),
  'huge when unpacked': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(padded)),
  'without an end': (response) => void Readable.from(endless()).pipe(response),
  'a redirect to a good set': (response) => response.writeHead(302, { location: `${url}/good` }).end(set),
  'a redirect for good': (response) => response.writeHead(308, { location: `${url}/good` }).end(set),
  'no content': (response) => response.writeHead(204).end(),
  'not found': (response) => response.writeHead(404).end(set),
  'an error': (response) => response.writeHead(500).end(set),
  'a closed connection': (response) => response.destroy(),
  'no HTTP': (response) => response.socket?.end('SSH-2.0\r\n')
}
for (const [name, answer] of Object.entries(answers))
  test(`a key set that is ${name} answers 503 with Retry-After, one log line and no second fetch`, async (t) => {
    state.answer = answer
    const { verify, lines } = trust()
    for (let i = 0; i < 3; i++) await t.rejects(verify(foreignToken()), unavailable)
    t.equal(state.fetches, 1)
    t.match(lines, [failed])
    t.equal(lines.length, 1)
  })

test('a key set may have 64 KiB', async (t) => {
  const bytes = (size: number) => `${set.slice(0, -1)},"more":"${'x'.repeat(size - set.length - 10)}"}`
  t.equal(bytes(65_536).length, 65_536)
  state.answer = (response) => response.end(bytes(65_536))
  t.ok(await trust().verify(foreignToken()))
  state.answer = (response) => response.end(bytes(65_537))
  await t.rejects(trust().verify(foreignToken()), unavailable)
})

test('a slow or missing key set is awaited for three seconds', async (t) => {
  for (const answer of [() => undefined, (response: ServerResponse) => response.write(set.slice(0, 9))]) {
    const timer = new AbortController()
    const timeouts = t.capture(AbortSignal, 'timeout', () => timer.signal)
    state.answer = answer
    const { verify, lines } = trust()
    const asked = once(http, 'request')
    const outcome = verify(foreignToken()).catch((error) => error)
    await asked
    timer.abort(new Error('too late'))
    t.match(await outcome, unavailable)
    t.match(timeouts(), [{ args: [3_000] }])
    t.match(lines, [failed])
  }
})

test('five hundred tokens with an unknown kid cause one fetch in thirty seconds', async (t) => {
  publish(allKeys)
  const { verify, time } = trust()
  const ask = () =>
    Promise.allSettled(Array.from({ length: 500 }, (_, i) => verify(foreignToken({}, { kid: `x${i}` }))))
  for (const fetches of [1, 2]) {
    for (const outcome of await ask()) t.match(outcome, { reason: unknownKid })
    t.equal(state.fetches, fetches)
    time.elapsed += fetchPause - 1
    await ask()
    t.equal(state.fetches, fetches)
    time.elapsed += 1
  }
  t.ok(await verify(foreignToken()))
})

test('a key set without the key refuses the token with 401', async (t) => {
  for (const keys of [[], allKeys.slice(1)]) {
    publish(keys)
    await t.rejects(trust().verify(foreignToken()), unknownKid)
  }
})

test('refused keys are logged, and the others work', async (t) => {
  publish([...allKeys, { kty: 'oct', k: 'c2VjcmV0', kid: 'theirs' }])
  const { verify, lines } = trust()
  t.ok(await verify(foreignToken()))
  t.match(lines, [{ level: 40, issuer: issuerName, kid: 'theirs', reason: /symmetric/, msg: 'a key was refused' }])
  t.notMatch(JSON.stringify(lines), 'c2VjcmV0')
})

test('while the issuer is down, known keys work for a day, then 503 until it is back', async (t) => {
  publish(allKeys)
  const { verify, time } = trust()
  await verify(foreignToken())
  state.answer = (response) => response.writeHead(500).end()
  for (; time.elapsed <= keysLast; time.elapsed += refreshAfter) {
    t.ok(await verify(foreignToken({ jti: `${time.elapsed}` })), `after ${time.elapsed / 60_000} minutes`)
    await t.rejects(verify(foreignToken({}, { kid: 'x' })), unknownKid)
  }
  t.equal(state.fetches, 1 + keysLast / refreshAfter)
  time.elapsed = keysLast + 1
  await t.rejects(verify(foreignToken()), unavailable)
  publish(allKeys)
  await t.rejects(verify(foreignToken()), unavailable, 'asked a moment ago')
  time.elapsed += fetchPause
  t.ok(await verify(foreignToken()))
})

test('a fetch sends its Accept header, on a connection that is not kept', async (t) => {
  let headers = {}
  state.answer = (response) => {
    headers = response.req.headers
    response.end(set)
  }
  t.ok(await trust().verify(foreignToken()))
  t.match(headers, { accept: /application\/jwk-set\+json/, connection: 'close' })
})

test('keys are refreshed after ten minutes, without delaying requests', async (t) => {
  publish(allKeys)
  const { verify, time } = trust()
  time.elapsed = keysLast
  await verify(foreignToken())
  const fetched = t.capture(globalThis, 'fetch', globalThis.fetch)
  time.elapsed += refreshAfter
  await verify(foreignToken({ jti: 'b' }))
  await turn()
  t.equal(fetched().length, 0)
  time.elapsed += 1
  let answer = (_: ServerResponse): unknown => undefined
  const asked = new Promise<ServerResponse>((resolve) => {
    answer = resolve
  })
  state.answer = answer
  t.ok(await verify(foreignToken({ jti: 'c' })), 'while the answer is awaited')
  const response = await asked
  t.ok(await verify(foreignToken({ jti: 'd' })))
  response.end(set)
  await t.rejects(verify(foreignToken({}, { kid: 'x' })), unknownKid)
  t.equal(state.fetches, 2)
})
