import fc from 'fast-check'
import t, { type Test, test } from 'tap'
import { startApp } from '../../helpers/app.ts'
import { cbor, createAuthenticator, passkeysOf } from '../../helpers/authenticator.ts'

const { anyone, signUp } = await startApp(t)
const { optionsFor, loginOptions, send, add } = passkeysOf(anyone)
const seed = Number(process.env.PROPERTY_SEED ?? 20_261_127)

const ann = await signUp()
const authenticator = createAuthenticator()
await add(ann, authenticator)

const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((some) => Buffer.from(some))
const text = (some: Buffer) => some.toString('base64url')

/** Damages bytes: changes, cuts or repeats some, or replaces all. */
const damage = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => (good: Buffer) => {
    const bad = Buffer.from(good)
    bad[at % bad.length] = (bad[at % bad.length] as number) ^ bits
    return bad
  }),
  fc.nat().map((at) => (good: Buffer) => good.subarray(0, 1 + (at % good.length))),
  fc.tuple(fc.nat(), bytes).map(([at, more]) => (good: Buffer) => {
    const cut = at % good.length
    return Buffer.concat([good.subarray(0, cut), more, good.subarray(cut)])
  }),
  bytes.map((any) => () => any)
)
type Damage = (good: Buffer) => Buffer
const damaged = (value: string, how: Damage) => text(how(Buffer.from(value, 'base64url')))

/** Numbers, nesting and lengths that break parsers of CBOR. */
const hostile = {
  'a map of 2^32 entries': Buffer.from('baffffffff', 'hex'),
  'bytes of 2^64': Buffer.from('5bffffffffffffffff', 'hex'),
  'an array of 2^53': Buffer.from('9b0020000000000000', 'hex'),
  'an endless array': Buffer.from('9f', 'hex'),
  'endless bytes': Buffer.from('5f41', 'hex'),
  'a number alone': Buffer.from('1bffffffffffffffff', 'hex'),
  'not a number': Buffer.from('fb7ff8000000000000', 'hex'),
  'ten thousand arrays in one another': Buffer.alloc(10_000, 0x81),
  'ten thousand maps in one another': Buffer.alloc(10_000, Buffer.from('a100', 'hex')),
  'ten thousand tags': Buffer.alloc(10_000, 0xc0),
  'an empty map': cbor(new Map()),
  'no authenticator data': cbor(
    new Map<string, Parameters<typeof cbor>[0]>([
      ['fmt', 'none'],
      ['attStmt', new Map()]
    ])
  ),
  'text as authenticator data': cbor(
    new Map<string, Parameters<typeof cbor>[0]>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', 'x'.repeat(100)]
    ])
  ),
  'a number as statement': cbor(
    new Map<string, Parameters<typeof cbor>[0]>([
      ['fmt', 'packed'],
      ['attStmt', 5]
    ])
  )
}

const clientData = {
  null: 'null',
  'a number': '5',
  'a text': '"webauthn.get"',
  'a list': '[]',
  nothing: '{}',
  'no JSON': '{',
  'an inherited key': '{"__proto__":{"crossOrigin":false}}',
  'token binding': '{"type":"webauthn.create","tokenBinding":5}',
  'deep nesting': `${'['.repeat(4_000)}${']'.repeat(2_000)}`
}

async function refusesBoth(t: Test, part: (good: string) => string, what: string) {
  const registration = createAuthenticator().create(await optionsFor(ann))
  const { response } = registration
  const broken = [
    { ...registration, response: { ...response, attestationObject: part(response.attestationObject) } },
    { ...registration, response: { ...response, clientDataJSON: part(response.clientDataJSON) } }
  ]
  for (const credential of broken) t.equal((await ann.post('/api/auth/passkeys', { credential })).statusCode, 400, what)
  const assertion = authenticator.get(await loginOptions())
  const names = ['clientDataJSON', 'authenticatorData', 'signature'] as const
  for (const name of names) {
    const credential = { ...assertion, response: { ...assertion.response, [name]: part(assertion.response[name]) } }
    // 400: longer than any such text is.
    t.ok([400, 401].includes((await send(credential)).statusCode), `${what} as ${name}`)
  }
}

for (const [what, body] of Object.entries(hostile))
  test(`CBOR with ${what} is refused`, (t) => refusesBoth(t, () => text(body), what))

for (const [what, body] of Object.entries(clientData))
  test(`client data with ${what} are refused`, (t) => refusesBoth(t, () => text(Buffer.from(body)), what))

test('a registration and a login with text that is not base64url are refused', async (t) => {
  for (const value of ['A', 'AAAAA', '-', '_'.repeat(1_001)]) await refusesBoth(t, () => value, value)
})

test('a passkey registration with damaged data answers 201 or 400, never 5xx', async (t) => {
  const codes = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('attestationObject', 'clientDataJSON'), damage, async (name, how: Damage) => {
      const good = createAuthenticator().create(await optionsFor(ann))
      const value = damaged(good.response[name as 'attestationObject'], how)
      const credential = { ...good, response: { ...good.response, [name]: value } }
      const answer = await ann.post('/api/auth/passkeys', { credential })
      codes.add(answer.statusCode)
      // Without attestation, damage to the key itself shows only when the passkey is used.
      if (answer.statusCode === 201) await ann.delete(`/api/auth/passkeys/${answer.json().id}`)
    }),
    { seed, numRuns: 150 }
  )
  t.ok(codes.has(400))
  t.strictSame(
    [...codes].filter((code) => code !== 201 && code !== 400),
    []
  )
})

test('a passkey assertion with damaged data answers 400 or 401', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('clientDataJSON', 'authenticatorData', 'signature', 'userHandle'),
      damage,
      async (name, how: Damage) => {
        const good = authenticator.get(await loginOptions())
        const before = String(good.response[name as 'signature'])
        const value = damaged(before, how)
        fc.pre(value !== before)
        const credential = { ...good, response: { ...good.response, [name]: value } }
        return [400, 401].includes((await send(credential)).statusCode)
      }
    ),
    { seed, numRuns: 200 }
  )
  t.pass(`seed ${seed}`)
})
