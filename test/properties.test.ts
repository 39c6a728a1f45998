import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { emailFault, normalEmail } from '../src/auth/email-address.ts'
import { bridgedToken, issuedToken } from '../src/auth/tokens/claims.ts'
import { type Jws, parseJws } from '../src/auth/tokens/jws.ts'
import { databaseUrls } from '../src/config/database-urls.ts'
import { readAddress } from '../src/http/addresses.ts'
import { createCursors } from '../src/http/cursors.ts'
import { idempotent } from '../src/http/idempotency.ts'
import { readOrigins } from '../src/http/origins.ts'
import { allowedVersions, isKnown } from '../src/http/preconditions.ts'
import { Problem } from '../src/http/problems.ts'
import { property } from './helpers/property.ts'

/** What a function returns, or the code of the problem that it throws. Any other error is a fault. */
function outcome<T>(act: () => T): { value?: T; code?: string } {
  try {
    return { value: act() }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { code: error.code }
  }
}
const encode = (text: string) => Buffer.from(text).toString('base64url')
const tokenOf = (header: string, payload: string) => `${encode(header)}.${encode(payload)}.${encode('signature')}`
const text = fc.string({ unit: 'binary' })

// src/auth/tokens/jws.ts

const object = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 }).map((value) => JSON.stringify(value))
const segment = fc.oneof(fc.base64String(), object.map(encode), fc.string())

property('any text that is not a JWS in its only spelling is invalid_token', [fc.array(segment)], (segments) => {
  const token = segments.join('.')
  const { value, code } = outcome(() => {
    const jws = parseJws(token)
    return { ...jws, claims: jws.claims }
  })
  if (value === undefined) return code === 'invalid_token'
  const again = segments.map((segment) => Buffer.from(segment, 'base64url').toString('base64url'))
  return segments.length === 3 && again.join('.') === token
})

property('the claims of a JWS equal its JSON', [object, object], (header, payload) => {
  const jws = parseJws(tokenOf(header, payload))
  assert.deepEqual([{ ...jws.header }, jws.claims], [JSON.parse(header), JSON.parse(payload)])
})

property(
  'a token with a name twice in one object is refused, at any depth and however it is written',
  [text, fc.jsonValue(), fc.jsonValue(), fc.nat(3), fc.boolean()],
  (name, one, other, depth, isEscaped) => {
    const [first, second] = [JSON.stringify(name), JSON.stringify(name)]
    const escaped = isEscaped
      ? `"${[...Array(name.length).keys()].map((i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
      : second
    let payload = `{${first}:${JSON.stringify(one)}, ${escaped} :${JSON.stringify(other)}}`
    for (let i = 0; i < depth; i++) payload = `{"outer":[${payload}]}`
    return outcome(() => parseJws(tokenOf('{}', payload)).claims).code === 'invalid_token'
  }
)

// src/auth/tokens/claims.ts

const claim = fc.oneof(text, fc.emailAddress(), fc.integer(), fc.double(), fc.constant(1_700_000_000), fc.jsonValue())
const person = fc.record({ id: claim, email: claim }, { requiredKeys: [] })
const claims = fc.record(
  { sub: claim, user_id: claim, email: claim, iat: claim, exp: claim, name: claim, user: fc.oneof(person, claim) },
  { requiredKeys: [] }
)
const week = 7 * 24 * 3600
const good = fc
  .record({ sub: fc.uuid(), email: fc.emailAddress(), iat: fc.nat(2e9), life: fc.nat(2 * week) })
  .map(({ life, ...claims }) => ({ ...claims, exp: claims.iat + life }))

for (const [name, read] of Object.entries({ issuedToken, bridgedToken }))
  property(
    `${name}: any claims speak for one named user for seven days at most, or are invalid_token`,
    [fc.oneof(claims, good) as fc.Arbitrary<Jws['claims']>],
    (claims) => {
      const jws = { header: {}, claims } as unknown as Jws
      const { value, code } = outcome(() => read(jws, 'issuer'))
      if (value === undefined) return code === 'invalid_token'
      assert.equal(normalEmail(value.email), value.email)
      assert.ok(value.subject.length > 0 && value.subject.length <= 255)
      assert.ok(
        [claims.sub, claims.user_id, (claims.user as { id?: unknown })?.id].some((id) => `${id}` === value.subject)
      )
      assert.ok(value.expiresAt - value.issuedAt <= week)
      assert.ok(Number.isFinite(value.issuedAt) && Number.isFinite(value.expiresAt))
    }
  )

// src/http/cursors.ts

const cursors = createCursors([{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }])
const position = fc.record({ value: fc.string({ unit: 'grapheme' }), id: fc.uuid() }, { noNullPrototype: true })

property('a cursor opens only for its own query', [text, text, position], (query, other, position) => {
  const cursor = cursors.seal(query, position)
  assert.deepEqual(cursors.open(query, cursor), position)
  if (other !== query) assert.equal(outcome(() => cursors.open(other, cursor)).code, 'validation_failed')
})

property(
  'a cursor that was not sealed is refused',
  [fc.oneof(text, fc.base64String(), object.map(encode))],
  (cursor) => {
    return outcome(() => cursors.open('query', cursor)).code === 'validation_failed'
  }
)

// src/http/preconditions.ts

const time = fc
  .date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString())
const opaque = fc.string({ unit: fc.constantFrom(...'abc0123-:.TZ!#~') })
const tag = fc.record({ isWeak: fc.boolean(), value: fc.oneof(time, opaque) })
const separator = fc.constantFrom(',', ', ', ' , ', ',, ')
type Tag = { isWeak: boolean; value: string }
const written = ({ isWeak, value }: Tag) => `${isWeak ? 'W/' : ''}"${value}"`
const isTime = (value: string) => /^2\d{3}-/.test(value) && !Number.isNaN(Date.parse(value)) && value.length === 24

property(
  'If-Match allows the strong tags of a list that are ours, and no others',
  [fc.array(tag, { minLength: 1 }), separator],
  (tags, separator) => {
    const expected = tags.filter(({ isWeak, value }) => !isWeak && isTime(value)).map(({ value }) => value)
    assert.deepEqual(allowedVersions(tags.map(written).join(separator)), expected)
  }
)

property('an If-Match allows any version when it is * or absent, and never otherwise', [text], (header) => {
  const { value, code } = outcome(() => allowedVersions(header))
  if (code !== undefined) return code === 'malformed_request'
  return header === '*'
    ? value === undefined
    : Array.isArray(value) && value.every((version) => header.includes(version))
})

property(
  'If-None-Match finds a tag in any list, weak or strong',
  [fc.array(tag), time, separator],
  (tags, time, separator) => {
    const header = tags.map(written).join(separator)
    const etag = `"${time}"`
    assert.equal(
      isKnown(header, etag),
      tags.some(({ value }) => value === time)
    )
    const longer = `${header}${header && separator}W/${etag}`
    assert.equal(isKnown(longer, etag), true)
  }
)

// src/http/idempotency.ts

/** What a request with this header claims, or the code of the problem: the key, and the hash of the request. */
async function claimOf(header: string, body: unknown = {}) {
  const claims: { key: string; fingerprint: string }[] = []
  const create = idempotent<unknown, { id: string }>({} as never, {
    insert: async () => assert.fail('without the header only'),
    insertOnce: async ({ key, fingerprint }) => {
      claims.push({ key, fingerprint: fingerprint.toString('hex') })
      return { id: 'made' }
    },
    replay: () => assert.fail('of a later request only')
  })
  const request = { url: '/api/notes', headers: { 'idempotency-key': header }, user: { id: 'ann' }, body }
  try {
    await create(request, { header: () => {} })
    return { claim: claims[0] }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { code: error.code }
  }
}
const bareKey = fc.string({ unit: fc.constantFrom(...'azAZ09_.:~+/=-'), minLength: 1, maxLength: 300 })
const printable = Array.from({ length: 95 }, (_, place) => String.fromCharCode(0x20 + place))
const anyKey = fc.string({ unit: fc.constantFrom(...printable), maxLength: 300 })
/** As a String (RFC 8941, section 4.1.6). */
const inQuotes = (key: string) => `"${key.replace(/["\\]/g, '\\$&')}"`

property(
  'any Idempotency-Key is malformed_request, or is claimed as it is written',
  [fc.oneof(text, anyKey)],
  async (given) => {
    const { claim, code } = await claimOf(given)
    if (claim === undefined) return code === 'malformed_request'
    assert.match(claim.key, /^[\x20-\x7e]{1,510}$/)
    return [claim.key, `"${claim.key}"`].includes(given)
  }
)

property(
  'a text of 1 to 255 printable characters in quotes is an Idempotency-Key, and no other text names it',
  [anyKey, anyKey],
  async (key, other) => {
    const { claim, code } = await claimOf(inQuotes(key))
    if (key.length === 0 || key.length > 255) return code === 'malformed_request'
    const { claim: another } = await claimOf(inQuotes(other))
    return claim !== undefined && (claim.key === another?.key) === (key === other)
  }
)

property('an Idempotency-Key of letters and digits is the same with quotes', [bareKey], async (key) => {
  const [bare, quoted] = [await claimOf(key), await claimOf(inQuotes(key))]
  assert.deepEqual(bare, quoted)
  return key.length > 255 ? bare.code === 'malformed_request' : bare.claim?.key === key
})

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
/** The same JSON with the members of every object in the opposite order. */
const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, turned(member)])
  )
}

property(
  'two bodies are the same request if and only if their JSON is equal, in whatever order',
  [fc.jsonValue(), fc.jsonValue()],
  async (body, other) => {
    const fingerprintOf = async (body: unknown) => (await claimOf('key', body)).claim?.fingerprint
    const fingerprint = await fingerprintOf(body)
    assert.equal(await fingerprintOf(turned(body)), fingerprint)
    return (fingerprint === (await fingerprintOf(other))) === isDeepStrictEqual(asJson(body), asJson(other))
  }
)

// src/auth/email-address.ts

property('an email has one canonical form, or a reported fault', [fc.oneof(text, fc.emailAddress())], (given) => {
  const email = normalEmail(given)
  assert.equal(email === undefined, emailFault(given) !== undefined)
  if (email === undefined) return
  assert.match(email, /^[\x21-\x7e]{1,64}@[a-z\d.-]+\.[a-z\d-]+$/)
  assert.ok(email.length <= 254 && email === email.toLowerCase())
  for (const spelling of [email, email.toUpperCase(), ` ${given}\t`]) assert.equal(normalEmail(spelling), email)
})

// src/http/addresses.ts

const port = fc.nat(65_535)

property(
  'an IPv4 address is the same with a port, in quotes, in IPv6 and in Forwarded',
  [fc.ipV4(), port],
  (ip, port) => {
    for (const spelling of [
      ip,
      `${ip}:${port}`,
      `"${ip}:${port}"`,
      `::ffff:${ip}`,
      `[::ffff:${ip}]:${port}`,
      `for=${ip};proto=https`
    ])
      assert.equal(readAddress(spelling), ip, spelling)
  }
)

property('an IPv6 address is the same in brackets, with a port and a zone', [fc.ipV6(), port], (ip, port) => {
  const address = readAddress(ip)
  assert.ok(address !== undefined && isIP(address) !== 0)
  for (const spelling of [`[${ip}]`, `[${ip}]:${port}`, `"[${ip}]:${port}"`, `${ip}%eth0`, ip.toUpperCase(), address])
    assert.equal(readAddress(spelling), address, spelling)
})

property(
  'an address from a proxy is normalized to one spelling, or invalid',
  [fc.oneof(text, fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.[]%"=;for ') }))],
  (given) => {
    const address = readAddress(given)
    return address === undefined || (isIP(address) !== 0 && readAddress(address) === address)
  }
)

// src/http/origins.ts

const label = fc.string({ unit: fc.constantFrom(...'abc019'), minLength: 1, maxLength: 20 })

property('a pattern matches exactly one label', [label, label, text], (open, domain, more) => {
  const { isByPattern } = readOrigins([`https://*.${domain}.example`, `https://exact.${domain}.example`])
  assert.equal(isByPattern(`https://${open}.${domain}.example`), open !== 'exact')
  for (const origin of [
    `https://${domain}.example`,
    `https://.${domain}.example`,
    `https://${open}.${open}.${domain}.example`,
    `http://${open}.${domain}.example`,
    `https://${open}.${domain}xexample`,
    `https://${open}.${domain}.example:8443`,
    `https://${open}.${domain}.example${more || '/'}`,
    `${more || ' '}https://${open}.${domain}.example`,
    `https://${open}@evil.example`
  ])
    assert.equal(isByPattern(origin), false, origin)
})

// src/config/database-urls.ts

const credentials = fc.string({ unit: 'binary', minLength: 1 }).map(encodeURIComponent)

property(
  'the direct URL of a Neon pooler differs in its host only, and any other URL is unchanged',
  [label, label, credentials, credentials],
  (name, region, user, password) => {
    const url = (host: string) => `postgres://${user}:${password}@${host}/tasks?sslmode=require`
    const complaints: string[] = []
    const read = (host: string) =>
      databaseUrls({ DATABASE_URL: url(host) }, (complaint) => void complaints.push(complaint))
    const direct = new URL(read(`ep-${name}-pooler.${region}.aws.neon.tech`).directUrl ?? '')
    assert.equal(direct.href, new URL(url(`ep-${name}.${region}.aws.neon.tech`)).href)
    const plain = url(`${name}.example.com`)
    assert.deepEqual(read(`${name}.example.com`), { databaseUrl: plain, directUrl: plain, replicaUrl: undefined })
    assert.deepEqual(complaints, [])
  }
)
