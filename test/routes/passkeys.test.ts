import { WebAuthnEmulator } from 'nid-webauthn-emulator'
import t, { type Test, test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { createAuthenticator, type Deviation, passkeysOf, site, type Value } from '../helpers/authenticator.ts'
import { codeAt } from '../helpers/factors.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { refreshing } from '../helpers/refreshing.ts'

const maxPasskeys = 20

let now = Date.now()
const { app, anyone, signUp, lettersTo, lines } = await startApp(t, { clock: () => now })
const { optionsFor, add, logIn, stepUp } = passkeysOf(anyone)
const { refresh, register, login } = refreshing(app)
const pass = (seconds: number) => {
  now += seconds * 1000
}
type Answer = Awaited<ReturnType<typeof anyone.get>>

const eventsOf = async (userId: string, prefix = 'passkey.') =>
  (await app.db.selectFrom('security_events').select('event').where('user_id', '=', userId).orderBy('id').execute())
    .map(({ event }) => event)
    .filter((event) => event.startsWith(prefix))
const itemsOf = async (user: { get: typeof anyone.get }) => (await user.get('/api/auth/passkeys')).json().items

test('the options ask for a discoverable passkey, with user verification, and no attestation', async (t) => {
  const ann = await signUp()
  const answer = await ann.post('/api/auth/passkeys/options')
  t.equal(answer.statusCode, 200)
  const { challenge, user, ...options } = answer.json()
  t.match(challenge, /^[\w-]{72}$/)
  t.strictSame(user, {
    id: Buffer.from(ann.id.replaceAll('-', ''), 'hex').toString('base64url'),
    name: ann.email,
    displayName: ann.email
  })
  t.strictSame(options, {
    rp: { id: 'localhost', name: 'Gatehouse' },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
    timeout: 300_000,
    excludeCredentials: [],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    extensions: { credProps: true },
    hints: []
  })
})

test('a passkey of an emulated browser is added, signs in, is renamed and is deleted', async (t) => {
  const ann = await signUp()
  const emulator = new WebAuthnEmulator()
  const created = emulator.createJSON(site.origin, (await optionsFor(ann)) as never)
  const added = await ann.post('/api/auth/passkeys', { credential: created, name: '  Phone ' })
  t.equal(added.statusCode, 201)
  const { recovery_codes, ...passkey } = added.json()
  t.equal(recovery_codes.length, 10, 'the first factor comes with a way back')
  t.match(passkey, { name: 'Phone', credential_id: created.id, backed_up: Boolean, last_used_at: null })
  t.strictSame(await itemsOf(ann), [passkey])
  t.match((await ann.get('/api/auth/factors')).json(), { passkeys: 1, recovery_codes: 10 })

  const again = await optionsFor(ann)
  t.match(again, { excludeCredentials: [{ id: created.id, type: 'public-key' }] })
  t.throws(() => emulator.createJSON(site.origin, again as never), 'the authenticator does not make a second one')

  const options = (await anyone.post('/api/auth/passkeys/login/options')).json()
  const credential = emulator.getJSON(site.origin, options)
  const opened = await anyone.post('/api/auth/passkeys/login', { credential })
  t.equal(opened.statusCode, 200)
  t.equal(opened.json().user.id, ann.id)
  const bob = caller(app, opened.json().access_token)
  t.match((await itemsOf(bob))[0].last_used_at, /^\d{4}-/)

  const renamed = await bob.patch(`/api/auth/passkeys/${passkey.id}`, { name: 'Old phone' })
  t.match(renamed.json(), { id: passkey.id, name: 'Old phone' })
  t.equal((await bob.delete(`/api/auth/passkeys/${passkey.id}`)).statusCode, 204)
  t.strictSame(await itemsOf(bob), [])
  t.equal((await bob.delete(`/api/auth/passkeys/${passkey.id}`)).statusCode, 404)
  t.equal((await bob.patch(`/api/auth/passkeys/${passkey.id}`, { name: 'Gone' })).statusCode, 404)
  t.strictSame(await eventsOf(ann.id), ['passkey.added', 'passkey.removed'])
  const letters = (await lettersTo(ann.email)).map(({ subject, link }) => [subject, link])
  t.strictSame(letters, [
    ['A passkey was added to your Gatehouse account', undefined],
    ['A passkey was removed from your Gatehouse account', undefined]
  ])
})

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const)
  test(`${algorithm}: a passkey signs in`, async (t) => {
    const ann = await signUp()
    const authenticator = createAuthenticator({ algorithm })
    t.equal((await add(ann, authenticator)).statusCode, 201)
    t.equal((await logIn(authenticator)).json().user.id, ann.id)
  })

test('a browser that does not say whether the page is embedded adds a passkey and signs in', async (t) => {
  const ann = await signUp()
  const authenticator = createAuthenticator()
  t.equal((await add(ann, authenticator, { crossOrigin: undefined })).statusCode, 201)
  t.equal((await logIn(authenticator, { crossOrigin: undefined })).statusCode, 200)
})

function refused(t: Test, answer: Answer, what: string) {
  t.equal(answer.statusCode, 400, what)
  const message = 'is not valid here, was used, or is older than five minutes'
  t.strictSame(answer.json().errors, [{ pointer: '/credential', message }], what)
}

const bad: Record<string, Deviation> = {
  'without user verification': { userVerified: false },
  'without a user': { userPresent: false, userVerified: false },
  'for another origin': { origin: 'https://evil.example' },
  'for another port of the host': { origin: 'http://localhost:8001' },
  'for a subdomain': { origin: 'http://www.localhost:8000' },
  'for another relying party': { rpId: 'evil.example' },
  'on an embedded page': { crossOrigin: true },
  'on an embedded page, said in a strange way': { crossOrigin: 'yes' },
  'on an embedded page of a known origin': { topOrigin: 'https://evil.example' },
  'made for a login': { type: 'webauthn.get' },
  'with a made-up challenge': { challenge: Buffer.alloc(54).toString('base64url') },
  'with an empty challenge': { challenge: '' }
}
for (const [what, how] of Object.entries(bad))
  test(`a passkey ${what} is refused`, async (t) => {
    const ann = await signUp()
    refused(t, await add(ann, createAuthenticator(), how), what)
    t.strictSame(await itemsOf(ann), [])
    t.equal((await add(ann, createAuthenticator())).statusCode, 201, 'the same without it is not')
  })

test('other algorithms, and keys that are too long, are refused', async (t) => {
  const ann = await signUp()
  refused(t, await add(ann, createAuthenticator({ algorithm: 'ES384' })), 'ES384')
  refused(t, await add(ann, createAuthenticator({ algorithm: 'RS256', bits: 8_192 })), 'RSA with 8,192 bits')
  t.equal((await add(ann, createAuthenticator({ algorithm: 'RS256', bits: 4_096 }))).statusCode, 201)
  // 16 bytes beside the modulus.
  t.equal((await add(ann, createAuthenticator({ algorithm: 'RS256', bits: 8 * 1_008 }))).statusCode, 201, '1,024 bytes')
  refused(t, await add(ann, createAuthenticator({ algorithm: 'RS256', bits: 8 * 1_009 })), '1,025 bytes')
})

test('a passkey whose id differs from the attested one is refused, and its transports are optional', async (t) => {
  const ann = await signUp()
  const created = createAuthenticator().create(await optionsFor(ann))
  const { id } = createAuthenticator()
  refused(t, await ann.post('/api/auth/passkeys', { credential: { ...created, id, rawId: id } }), 'another id')
  t.equal((await add(ann, createAuthenticator(), { response: { transports: undefined } })).statusCode, 201)
  t.match(await optionsFor(ann), { excludeCredentials: [{ transports: [] }] })
})

test('an authenticator app beside a passkey comes with new recovery codes', async (t) => {
  const ann = await signUp()
  const { recovery_codes: before } = (await add(ann, createAuthenticator())).json()
  const { secret } = (await ann.post('/api/auth/factors/totp')).json()
  const confirmed = await ann.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, now) })
  const { recovery_codes: after } = confirmed.json()
  t.equal(after.length, 10)
  t.notOk(before.some((code: string) => after.includes(code)))
  t.strictSame((await ann.get('/api/auth/factors')).json(), { totp: true, passkeys: 1, recovery_codes: 10 })
})

test('recovery codes stay until the last second factor is removed', async (t) => {
  const ann = await signUp()
  const { id } = (await add(ann, createAuthenticator())).json()
  const { secret } = (await ann.post('/api/auth/factors/totp')).json()
  await ann.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, now) })
  t.equal((await ann.delete(`/api/auth/passkeys/${id}`)).statusCode, 204)
  t.strictSame((await ann.get('/api/auth/factors')).json(), { totp: true, passkeys: 0, recovery_codes: 10 })
  t.equal((await ann.delete('/api/auth/factors/totp')).statusCode, 204)
  t.strictSame((await ann.get('/api/auth/factors')).json(), { totp: false, passkeys: 0, recovery_codes: 0 })
})

test('attestation of a manufacturer is refused unread, because checking it would contact hosts that it names', async (t) => {
  const ann = await signUp()
  const authenticator = createAuthenticator()
  const send = async (how: Parameters<typeof authenticator.createPacked>[1]) =>
    ann.post('/api/auth/passkeys', { credential: authenticator.createPacked(await optionsFor(ann), how) })
  const reason = () => String(lines.at(-1)?.refusal)
  refused(t, await send({ x5c: true }), 'a certificate')
  t.match(reason(), /neither "none" nor self-attestation/)
  for (const statement of [new Map<string, Value>(), new Map<string, Value>([['x5c', new Map()]])]) {
    const attestation = new Map<string, Value>([
      ['fmt', 'android-safetynet'],
      ['attStmt', statement]
    ])
    refused(t, await add(ann, authenticator, { attestation }), 'another format')
    t.match(reason(), /neither "none" nor self-attestation/)
  }
  refused(t, await send({ isWrong: true }), 'a wrong self-attestation')
  t.match(reason(), /self-attestation is wrong/)
  t.equal((await send({})).statusCode, 201, 'self-attestation names nobody')
})

test('a challenge works once, for five minutes, for its session and purpose', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const authenticator = createAuthenticator()
  const post = (user: typeof ann, credential: unknown) => user.post('/api/auth/passkeys', { credential })

  const options = await optionsFor(ann)
  refused(t, await post(ben, authenticator.create(options)), 'of another user')
  t.equal((await post(ann, authenticator.create(options))).statusCode, 201)
  refused(t, await post(ann, createAuthenticator().create(options)), 'twice')

  const login = (await anyone.post('/api/auth/passkeys/login/options')).json()
  refused(t, await post(ann, createAuthenticator().create({ ...options, ...login })), 'of a login')
  const stepUp = (await ann.post('/api/auth/step-up/options')).json()
  refused(t, await post(ann, createAuthenticator().create({ ...options, ...stepUp })), 'of a step-up')

  const late = await optionsFor(ann)
  pass(300)
  refused(t, await post(ann, createAuthenticator().create(late)), 'after five minutes')
  pass(-1)
  t.equal((await post(ann, createAuthenticator().create(late))).statusCode, 201, 'a second before')
})

test('a challenge of another session of the user, or from before a change of the password, is refused', async (t) => {
  const first = await register()
  const second = caller(app, (await login(first)).access_token)
  const options = await optionsFor(caller(app, first.access_token))
  refused(t, await second.post('/api/auth/passkeys', { credential: createAuthenticator().create(options) }), 'session')
  const change = { current_password: 'correct-horse-7', new_password: 'another-horse-8' }
  const changed = caller(app, (await second.put('/api/auth/password', change)).json().access_token)
  const credential = createAuthenticator().create(await optionsFor(changed))
  refused(
    t,
    await changed.post('/api/auth/passkeys', { credential: createAuthenticator().create(options) }),
    'password'
  )
  t.equal((await changed.post('/api/auth/passkeys', { credential })).statusCode, 201)
})

test('a credential belongs to one account', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const authenticator = createAuthenticator()
  t.equal((await add(ann, authenticator)).statusCode, 201)
  refused(t, await add(ben, authenticator), 'of another user')
  refused(t, await add(ann, authenticator), 'again')
  t.equal((await itemsOf(ann)).length, 1)
  t.strictSame(await itemsOf(ben), [])
  t.match((await ben.get('/api/auth/factors')).json(), { passkeys: 0, recovery_codes: 0 })
})

test("another user's passkey answers 404", async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const { id } = (await add(ann, createAuthenticator(), { name: 'Mine' })).json()
  t.equal((await ben.patch(`/api/auth/passkeys/${id}`, { name: 'Yours' })).statusCode, 404)
  t.match((await ben.delete(`/api/auth/passkeys/${id}`)).json(), { status: 404, detail: 'Passkey not found' })
  t.match(await itemsOf(ann), [{ id, name: 'Mine' }])
})

test('an account has at most twenty passkeys, also with options from before', async (t) => {
  const ann = await signUp()
  const options = await Promise.all(Array.from({ length: maxPasskeys + 3 }, () => optionsFor(ann)))
  const codes: number[] = []
  for (const part of options) {
    const credential = createAuthenticator().create(part)
    codes.push((await ann.post('/api/auth/passkeys', { credential })).statusCode)
  }
  t.strictSame(codes, [...Array(maxPasskeys).fill(201), 409, 409, 409])
  t.match((await ann.post('/api/auth/passkeys/options')).json(), {
    status: 409,
    code: 'quota_exceeded',
    detail: 'An account has at most 20 passkeys; remove one'
  })
})

test('names are trimmed, and have 1 to 100 characters', async (t) => {
  const ann = await signUp()
  t.equal((await add(ann, createAuthenticator())).json().name, 'Passkey')
  for (const name of ['', '   ', 'x'.repeat(101), 'a\0', '\ud800'])
    t.equal((await add(ann, createAuthenticator(), { name })).statusCode, 400, JSON.stringify(name))
  const { id } = (await add(ann, createAuthenticator(), { name: ` ${'x'.repeat(98)} ` })).json()
  for (const name of ['', ' ', 5, null])
    t.equal((await ann.patch(`/api/auth/passkeys/${id}`, { name })).statusCode, 400, JSON.stringify(name))
})

test('exactly the keys of WebAuthn are accepted', async (t) => {
  const ann = await signUp()
  const authenticator = createAuthenticator()
  const options = await optionsFor(ann)
  const credential = authenticator.create(options)
  const { response, ...rest } = credential
  const wrong = [
    { ...credential, more: 1 },
    { ...rest, response: { ...response, more: 1 } },
    { ...rest },
    { ...credential, type: 'password' },
    { ...credential, id: 'not base64url!' },
    { ...credential, rawId: createAuthenticator().id },
    { ...credential, clientExtensionResults: 5 },
    { ...rest, response: { ...response, attestationObject: 'A'.repeat(16_385) } },
    { ...rest, response: { ...response, transports: ['A B'] } },
    { ...rest, response: { ...response, publicKeyAlgorithm: '-7' } }
  ]
  for (const one of wrong)
    t.equal((await ann.post('/api/auth/passkeys', { credential: one })).statusCode, 400, JSON.stringify(one))
  const full = {
    ...rest,
    response: { ...response, authenticatorData: 'AAAA', publicKey: 'AAAA', publicKeyAlgorithm: -7 },
    authenticatorAttachment: 'platform',
    clientExtensionResults: { credProps: { rk: true }, prf: { enabled: true } }
  }
  t.equal((await ann.post('/api/auth/passkeys', { credential: full })).statusCode, 201)
  t.notMatch(JSON.stringify(lines), response.attestationObject.slice(0, 60), 'the log has no credential')
})

test('the first passkey ends the sessions that proved only a password, except the current one', async (t) => {
  const first = await register()
  const other = await login(first)
  const ann = caller(app, first.access_token)
  t.equal((await add(ann, createAuthenticator())).statusCode, 201)
  t.equal((await caller(app, other.access_token).get('/api/auth/me')).json().code, 'token_revoked')
  t.equal((await refresh(other.refresh_token)).statusCode, 401)
  t.equal((await refresh(first.refresh_token)).statusCode, 200)
  t.equal((await add(ann, createAuthenticator())).json().recovery_codes, undefined, 'only the first has codes')
})

test('adding and removing need a step-up, with the second factor once there is one', async (t) => {
  const { access_token } = await register()
  const ann = caller(app, access_token)
  pass(700)
  for (const answer of [await ann.post('/api/auth/passkeys/options'), await ann.post('/api/auth/passkeys', {})])
    t.equal(answer.json().code, 'step_up_required')
  const raised = await ann.post('/api/auth/step-up', { password: 'correct-horse-7' })
  const fresh = caller(app, raised.json().access_token)
  const authenticator = createAuthenticator()
  const { id } = (await add(fresh, authenticator)).json()
  pass(700)
  t.equal((await fresh.delete(`/api/auth/passkeys/${id}`)).json().code, 'step_up_required')
  t.equal(
    (await fresh.post('/api/auth/step-up', { password: 'correct-horse-7' })).json().code,
    'second_factor_required'
  )
  const proved = caller(app, (await stepUp(fresh, authenticator)).json().access_token)
  t.equal((await proved.delete(`/api/auth/passkeys/${id}`)).statusCode, 204)
})

test('a user of another issuer has no passkeys here', async (t) => {
  const { app, anyone } = await startApp(t, { settings: { BETTER_AUTH_URL: 'https://app.example.com' } })
  const iat = Math.floor(Date.now() / 1000)
  const fay = caller(app, bridgeToken({ iat, exp: iat + 900 }))
  t.strictSame(await itemsOf(fay), [])
  for (const answer of [
    await fay.post('/api/auth/passkeys/options'),
    await fay.post('/api/auth/passkeys', {}),
    await fay.post('/api/auth/step-up/options'),
    await fay.delete(`/api/auth/passkeys/${crypto.randomUUID()}`)
  ])
    t.equal(answer.json().code, 'step_up_required')
  t.equal((await anyone.post('/api/auth/passkeys/login/options')).statusCode, 200)
})

test('without a host that passkeys can belong to, they are off; those that exist can be removed', async (t) => {
  const { anyone, signUp } = await startApp(t, { settings: { APP_URL: 'http://127.0.0.1:8000' } })
  const ann = await signUp()
  for (const answer of [
    await ann.post('/api/auth/passkeys/options'),
    await ann.post('/api/auth/step-up/options'),
    await anyone.post('/api/auth/passkeys/login/options'),
    await passkeysOf(anyone).send(createAuthenticator().get({ challenge: 'AAAA' }, { userHandle: undefined }))
  ])
    t.match(answer.json(), { status: 404, code: 'not_found', detail: /^Passkeys are off here/ })
  t.equal((await ann.get('/api/auth/passkeys')).statusCode, 200)
})
