import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import t, { type Test, test } from 'tap'
import { firstKey, guardToken, header, startConsumer, startKeyServer } from '../helpers/guard.ts'
import { pairs, published } from '../helpers/keys.ts'
import { ourClaims, segment } from '../helpers/mint.ts'
import { signPart } from '../helpers/signing.ts'
import { until } from '../helpers/wait.ts'

/** Milliseconds between two fetches after a failure or an unknown key, until keys are fetched again, and until they end. */
const [fetchPause, refreshAfter, keysLast] = [30_000, 5 * 60_000, 24 * 60 * 60_000]

const { state, publish, origin, jwksUrl } = await startKeyServer(t)
t.beforeEach(() => publish(firstKey))

const secondKey = published(pairs.ES256, 'second', { alg: 'ES256' })
const second = (changes = {}) =>
  signPart({ ...header, alg: 'ES256', kid: 'second', ...changes }, ourClaims(), pairs.ES256.privateKey)

/** A consumer that has fetched its keys. */
async function ready(options = {}) {
  state.fetches = 0
  const consumer = await startConsumer(t, { jwksUrl, ...options })
  const status = async (token: string) => (await consumer.me(token)).statusCode
  t.equal(await status(guardToken()), 200)
  t.equal(state.fetches, 1)
  return { ...consumer, status }
}

test('keys are fetched again for an unknown kid, at most once in 30 s', async (t) => {
  const { time, status } = await ready()
  publish(firstKey, secondKey)
  t.equal(await status(second()), 401, 'just fetched')
  time.elapsed = fetchPause
  t.strictSame(await Promise.all([second(), second(), second()].map(status)), [200, 200, 200])
  t.equal(state.fetches, 2)
  for (let i = 0; i < 200; i++) t.equal(await status(guardToken({}, { kid: `random ${i}` })), 401)
  t.equal(state.fetches, 2)
  time.elapsed += fetchPause
  await Promise.all(Array.from({ length: 50 }, (_, i) => status(guardToken({}, { kid: `again ${i}` }))))
  t.equal(state.fetches, 3)
})

test('known keys are fetched again after a while, and a retired key is refused, also for a cached token', async (t) => {
  const { time, status } = await ready()
  const token = guardToken()
  t.equal(await status(token), 200)
  publish(secondKey)
  time.elapsed = refreshAfter + 1
  t.equal(await status(token), 200, 'while they are fetched')
  await until('the new keys', async () => (await status(second())) === 200)
  t.equal(await status(token), 401)
  t.equal(await status(guardToken()), 401)
  t.equal(state.fetches, 2)
  publish(secondKey, { ...secondKey, kid: 'first' })
  time.elapsed += fetchPause
  t.equal(await status(token), 401, 'another key of that kid, for another algorithm')
  publish(published(pairs.EdDSA, 'second'))
  time.elapsed += refreshAfter + 1
  await until('another key of that kid', async () => (await status(second())) === 401)
})

test('keys remain valid for a day while their server is down, and then the answer is 503', async (t) => {
  const { time, app, status } = await ready()
  const token = guardToken()
  state.answer = (response) => response.writeHead(500).end()
  time.elapsed = keysLast
  t.equal(await status(token), 200)
  t.equal(await status(guardToken()), 200)
  time.elapsed += 1
  const answer = await app.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })
  t.equal(answer.statusCode, 503)
  t.match(answer.json(), { code: 'unavailable', status: 503, title: 'Service Unavailable' })
  t.equal(answer.headers['retry-after'], '1')
  publish(firstKey)
  time.elapsed += fetchPause
  t.equal(await status(token), 200)
})

test('a service starts while the key server is down, and finds the keys later', async (t) => {
  state.answer = (response) => response.destroy()
  const { time, me, says } = await startConsumer(t, { jwksUrl })
  await says(/the keys could not be fetched/)
  t.equal((await me(guardToken())).statusCode, 503)
  publish(firstKey)
  time.elapsed = fetchPause
  t.equal((await me(guardToken())).statusCode, 200)
})

test('the algorithm is that of the key, never that of the token', async (t) => {
  publish(firstKey, secondKey)
  const { status } = await ready()
  t.equal(await status(second()), 200)
  t.equal(await status(second({ kid: 'first' })), 401)
  t.equal(await status(second({ alg: 'EdDSA' })), 401)
  t.equal(await status(guardToken({}, { kid: 'second' })), 401)
  t.equal(await status(guardToken({}, { alg: 'ES256', kid: 'second' })), 401)
  const only = await startConsumer(t, { jwksUrl, algorithms: ['ES256'] })
  t.equal((await only.me(second())).statusCode, 200)
  t.equal((await only.me(guardToken())).statusCode, 401)
})

test('a public key is not accepted as a secret for HS256 (algorithm confusion)', async (t) => {
  const { status } = await ready()
  const { publicKey } = pairs.EdDSA
  const jwk = publicKey.export({ format: 'jwk' })
  const texts = {
    PEM: publicKey.export({ type: 'spki', format: 'pem' }),
    DER: publicKey.export({ type: 'spki', format: 'der' }),
    'the published key': JSON.stringify(firstKey),
    'the JWK': JSON.stringify(jwk),
    'the set of keys': JSON.stringify({ keys: [firstKey] }),
    x: String(jwk.x)
  }
  for (const alg of ['HS256', 'EdDSA'])
    for (const [name, text] of Object.entries(texts)) {
      const signed = `${segment({ ...header, alg })}.${segment(ourClaims())}`
      const token = `${signed}.${createHmac('sha256', text).update(signed).digest('base64url')}`
      t.equal(await status(token), 401, `${alg}, ${name}`)
    }
})

test('of the two ES256 signatures that verify, only the one with the lower s is accepted', async (t) => {
  publish(secondKey)
  const { me } = await startConsumer(t, { jwksUrl })
  const token = second()
  t.equal((await me(token)).statusCode, 200)
  const signature = Buffer.from(token.split('.')[2] ?? '', 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const other = (order - BigInt(`0x${signature.toString('hex', 32)}`)).toString(16).padStart(64, '0')
  signature.set(Buffer.from(other, 'hex'), 32)
  const text = [...token.split('.').slice(0, 2), signature.toString('base64url')].join('.')
  t.equal((await me(text)).statusCode, 401)
  const [head = '', payload = ''] = token.split('.')
  for (const length of [1, 31, 33, 63, 65])
    t.equal(
      (await me(`${head}.${payload}.${Buffer.alloc(length, 1).toString('base64url')}`)).statusCode,
      401,
      `${length} bytes`
    )
})

test('a response that is not a set of keys leaves the known keys unchanged', async (t) => {
  function redirect(response: ServerResponse): void {
    publish(firstKey, secondKey)
    response.writeHead(302, { location: `${origin}/other` }).end()
  }
  const { time, status, says } = await ready()
  const answers: [string, (response: ServerResponse) => unknown][] = [
    ['not JSON', (response) => response.end('<html>')],
    ['no set', (response) => response.end('null')],
    ['no list', (response) => response.end('{"keys":{}}')],
    ['too many', (response) => response.end(JSON.stringify({ keys: Array(101).fill(firstKey) }))],
    ['too large', (response) => response.end(JSON.stringify({ keys: [firstKey], x: 'x'.repeat(70_000) }))],
    ['a redirect to a set of keys', redirect],
    ['an error with keys', (response) => response.writeHead(500).end(JSON.stringify({ keys: [secondKey] }))]
  ]
  for (const [name, answer] of answers) {
    state.answer = answer
    time.elapsed += fetchPause
    t.equal(await status(second()), 401, name)
    await says(/the keys could not be fetched/)
    t.equal(await status(guardToken()), 200, name)
  }
})

/** A server that takes its time. */
const slow: Record<string, (response: ServerResponse) => unknown> = {
  'hangs before its answer': () => {},
  'sends only the headers': (response) => response.flushHeaders(),
  'stops in the middle of its answer': (response) => response.write('{"keys":[')
}

/** Lets the test decide when a fetch has taken too long. */
function holdTime(t: Test) {
  const late = new AbortController()
  const given = t.capture(AbortSignal, 'timeout', () => late.signal)
  return {
    /** Milliseconds that the guard allows. */
    allowed: () => given().map(({ args: [milliseconds] }) => milliseconds),
    pass: () => late.abort(new DOMException('too late', 'TimeoutError')),
    restore: given.restore
  }
}

for (const [how, answer] of Object.entries(slow)) {
  test(`a key server that ${how} is given up after 3 s, and known keys verify meanwhile`, async (t) => {
    const { time, status, says } = await ready()
    const clock = holdTime(t)
    state.answer = answer
    time.elapsed += fetchPause
    const waiting = Promise.all([second(), second(), guardToken({}, { kid: 'x' })].map(status))
    await until('the request for keys', () => state.fetches === 2)
    t.equal(await status(guardToken()), 200)
    clock.pass()
    t.strictSame(await waiting, [401, 401, 401])
    t.strictSame(clock.allowed(), [3_000], 'one request for all of them')
    t.match(await says(/the keys could not be fetched/), { err: { message: /too late/ } })
    t.equal(await status(guardToken()), 200)
    clock.restore()
    publish(firstKey, secondKey)
    time.elapsed += fetchPause
    t.equal(await status(second()), 200, 'it comes back')
  })

  test(`a service starts although the key server ${how}`, async (t) => {
    const clock = holdTime(t)
    const before = state.fetches
    state.answer = answer
    const starting = startConsumer(t, { jwksUrl })
    await until('the request for keys', () => state.fetches > before)
    clock.pass()
    const { me, time } = await starting
    t.equal((await me(guardToken())).statusCode, 503)
    clock.restore()
    publish(firstKey)
    time.elapsed = fetchPause
    t.equal((await me(guardToken())).statusCode, 200)
  })
}

test('unacceptable keys are refused, and the others are used', async (t) => {
  const ed = pairs.EdDSA.privateKey.export({ format: 'jwk' })
  const refused: [object, RegExp][] = [
    [{ ...ed, kid: 'x' }, /private/],
    [{ kty: 'oct', k: 'AAAA', kid: 'x' }, /symmetric/],
    [{ ...firstKey, kid: 'x', use: 'enc' }, /not for signatures/],
    [{ ...firstKey, kid: 'x', alg: 'ES256' }, /not for EdDSA or ES256/],
    [published(pairs.RS256, 'x'), /not for EdDSA or ES256/],
    [{ ...firstKey, kid: undefined }, /no kid/],
    [{ ...firstKey, kid: 'x', x: 'AA' }, /./]
  ]
  for (const [key, reason] of refused) {
    publish(key, firstKey)
    const { says } = await ready()
    t.match(await says(/a key was refused/), { reason })
  }
  publish(null, secondKey, { ...firstKey, kid: 'second' }, firstKey)
  const { status } = await ready()
  t.equal(await status(second()), 401, 'two keys of one kid')
})

test('the metadata of the issuer name the keys', async (t) => {
  publish(firstKey)
  state.metadata = { issuer: `${origin}/tenant`, jwks_uri: jwksUrl }
  const consumer = await startConsumer(t, { issuer: `${origin}/tenant` })
  t.equal((await consumer.me(guardToken({ iss: `${origin}/tenant` }))).statusCode, 200)
  for (const metadata of [
    { issuer: origin, jwks_uri: jwksUrl },
    null,
    { issuer: `${origin}/tenant`, jwks_uri: 'http://evil.example.com/' }
  ]) {
    state.metadata = metadata as typeof state.metadata
    const { me, says } = await startConsumer(t, { issuer: `${origin}/tenant` })
    await says(/the keys could not be fetched/)
    t.equal((await me(guardToken({ iss: `${origin}/tenant` }))).statusCode, 503)
  }
})

test('unreadable issuer metadata provides no keys, so tokens get 503, and leaves known keys unchanged', async (t) => {
  const issuer = `${origin}/tenant`
  state.metadata = { issuer, jwks_uri: jwksUrl }
  t.teardown(() => {
    state.describe = undefined
  })
  const answers: Record<string, (response: ServerResponse) => unknown> = {
    'broken JSON': (response) => response.end(`{"issuer":"${issuer}","jwks_uri":"${jwksUrl}"`),
    'a redirect': (response) => response.writeHead(307, { location: '/.well-known/other' }).end(),
    'too large': (response) => response.end(JSON.stringify({ ...state.metadata, x: 'x'.repeat(70_000) })),
    'an error': (response) => response.writeHead(500).end(JSON.stringify(state.metadata)),
    'no answer': (response) => response.destroy()
  }
  for (const [name, answer] of Object.entries(answers)) {
    state.describe = answer
    const { me, says, time } = await startConsumer(t, { issuer })
    await says(/the keys could not be fetched/)
    t.equal((await me(guardToken({ iss: issuer }))).statusCode, 503, name)
    state.describe = undefined
    time.elapsed = fetchPause
    t.equal((await me(guardToken({ iss: issuer }))).statusCode, 200, `after ${name}`)
    state.describe = answer
    time.elapsed += refreshAfter + 1
    t.equal((await me(guardToken({ iss: issuer }))).statusCode, 200, `${name}, later`)
  }
})
