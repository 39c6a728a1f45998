import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { AuthenticationCredential, RegistrationCredential } from '../../schemas/webauthn.ts'
import type { caller } from './app.ts'
import { until } from './wait.ts'

export const site = { origin: 'http://localhost:8000', rpId: 'localhost' }

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest()
const text = (bytes: Buffer) => bytes.toString('base64url')

export type Value = number | string | Buffer | Map<number | string, Value>

/** CBOR (RFC 8949), as far as WebAuthn needs it. */
export function cbor(value: Value): Buffer {
  function head(major: number, count: number): Buffer {
    if (count < 24) return Buffer.from([(major << 5) | count])
    if (count < 256) return Buffer.from([(major << 5) | 24, count])
    return Buffer.from([(major << 5) | 25, count >> 8, count & 255])
  }
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, one]) => [cbor(key), cbor(one)])])
}

interface Key {
  cose: Map<number, Value>
  signed: (data: Buffer) => Buffer
}

const part = (key: KeyObject, name: 'x' | 'y' | 'n') =>
  Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url')

function ellipticKey(namedCurve: string, alg: number, crv: number, hash: string): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  const cose = new Map<number, Value>([
    [1, 2],
    [3, alg],
    [-1, crv],
    [-2, part(publicKey, 'x')],
    [-3, part(publicKey, 'y')]
  ])
  return { cose, signed: (data) => sign(hash, data, privateKey) }
}

const makeKey = {
  ES256: () => ellipticKey('P-256', -7, 1, 'sha256'),
  ES384: () => ellipticKey('P-384', -35, 2, 'sha384'),
  EdDSA(): Key {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const cose = new Map<number, Value>([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, part(publicKey, 'x')]
    ])
    return { cose, signed: (data) => sign(null, data, privateKey) }
  },
  /** With `bits`, the modulus is random and the key cannot sign: making one of 8,192 bits takes many seconds. */
  RS256(bits?: number): Key {
    const pair = bits ? undefined : generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const cose = new Map<number, Value>([
      [1, 3],
      [3, -257],
      [-1, pair ? part(pair.publicKey, 'n') : randomBytes((bits ?? 0) / 8)],
      [-2, Buffer.from([1, 0, 1])]
    ])
    return { cose, signed: (data) => (pair ? sign('sha256', data, pair.privateKey) : Buffer.alloc(0)) }
  }
}

interface Setup {
  algorithm?: keyof typeof makeKey
  bits?: number
  id?: Buffer
}

/** What an authenticator or a browser does differently from a good one. */
export interface Deviation {
  origin?: string
  rpId?: string
  type?: string
  challenge?: string
  /** Undefined: the browser does not say it, as in WebAuthn Level 1. */
  crossOrigin?: unknown
  topOrigin?: string
  userVerified?: boolean
  userPresent?: boolean
  backedUp?: boolean
  counter?: number
  userHandle?: string | undefined
  attestation?: Map<string, Value>
  /** Replaces parts of what was signed. */
  response?: object
}

export interface CreationOptions {
  challenge: string
  user: { id: string }
}

/**
 * A browser with an authenticator in software, which can break each rule of WebAuthn. Unlike an emulator that follows
 * them, it signs whatever a test wants.
 */
export function createAuthenticator({ algorithm = 'ES256', bits, id = randomBytes(16) }: Setup = {}) {
  const key = algorithm === 'RS256' ? makeKey.RS256(bits) : makeKey[algorithm]()
  let counter = 0
  let userHandle = text(randomBytes(16))

  function clientData(type: string, challenge: string, how: Deviation): Buffer {
    const { origin = site.origin, topOrigin } = how
    const crossOrigin = 'crossOrigin' in how ? how.crossOrigin : false
    const data = { type: how.type ?? type, challenge: how.challenge ?? challenge, origin, crossOrigin, topOrigin }
    return Buffer.from(JSON.stringify(data))
  }

  function authenticatorData(how: Deviation, attested = Buffer.alloc(0)): Buffer {
    const { rpId = site.rpId, userVerified = true, userPresent = true, backedUp = false } = how
    const flags =
      (userPresent ? 1 : 0) | (userVerified ? 4 : 0) | (backedUp ? 8 | 16 : 0) | (attested.length > 0 ? 64 : 0)
    const counted = Buffer.alloc(4)
    counted.writeUInt32BE(how.counter ?? counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counted, attested])
  }

  const described = { id: text(id), rawId: text(id), type: 'public-key' as const, clientExtensionResults: {} }

  return {
    id: text(id),

    create({ challenge, user }: CreationOptions, how: Deviation = {}): RegistrationCredential {
      userHandle = user.id
      const length = Buffer.from([id.length >> 8, id.length & 255])
      const authData = authenticatorData(how, Buffer.concat([Buffer.alloc(16), length, id, cbor(key.cose)]))
      const attestation = new Map<string, Value>([
        ...(how.attestation ??
          new Map<string, Value>([
            ['fmt', 'none'],
            ['attStmt', new Map()]
          ])),
        ['authData', authData]
      ])
      const response = {
        clientDataJSON: text(clientData('webauthn.create', challenge, how)),
        attestationObject: text(cbor(attestation)),
        transports: ['internal', 'hybrid'],
        ...how.response
      }
      return { ...described, response }
    },

    /** Self-attestation: a signature by the new key itself. */
    createPacked(options: CreationOptions, how: Deviation & { x5c?: boolean; isWrong?: boolean } = {}) {
      const data = clientData('webauthn.create', options.challenge, how)
      const length = Buffer.from([id.length >> 8, id.length & 255])
      const authData = authenticatorData(how, Buffer.concat([Buffer.alloc(16), length, id, cbor(key.cose)]))
      const sig = key.signed(Buffer.concat([authData, sha256(how.isWrong ? 'other data' : data)]))
      const attStmt = new Map<string, Value>([
        ['alg', -7],
        ['sig', sig],
        ...(how.x5c ? [['x5c', new Map()] as const] : [])
      ])
      const attestation = new Map<string, Value>([
        ['fmt', 'packed'],
        ['attStmt', attStmt]
      ])
      return this.create(options, { ...how, attestation })
    },

    get({ challenge }: { challenge: string }, how: Deviation = {}): AuthenticationCredential {
      counter += 1
      const data = clientData('webauthn.get', challenge, how)
      const authData = authenticatorData(how)
      const handle = 'userHandle' in how ? how.userHandle : userHandle
      const response = {
        clientDataJSON: text(data),
        authenticatorData: text(authData),
        signature: text(key.signed(Buffer.concat([authData, sha256(data)]))),
        ...(handle !== undefined && { userHandle: handle }),
        ...how.response
      }
      return { ...described, response }
    }
  }
}

export type Authenticator = ReturnType<typeof createAuthenticator>
type Caller = ReturnType<typeof caller>

/** What a person with an authenticator does. */
export function passkeysOf(anyone: Caller) {
  async function optionsFor(user: Caller): Promise<CreationOptions> {
    // On a busy machine, some get a 503 and try again.
    const answer = await until('an answer other than 503', async () => {
      const answer = await user.post('/api/auth/passkeys/options')
      return answer.statusCode !== 503 && answer
    })
    assert.equal(answer.statusCode, 200, answer.body)
    return answer.json()
  }
  const loginOptions = async (): Promise<{ challenge: string }> =>
    (await anyone.post('/api/auth/passkeys/login/options')).json()
  const send = (credential: unknown, options?: Parameters<Caller['post']>[2]) =>
    anyone.post('/api/auth/passkeys/login', { credential }, options)

  async function add(user: Caller, authenticator: Authenticator, how: Deviation & { name?: string } = {}) {
    const { name, ...deviation } = how
    const credential = authenticator.create(await optionsFor(user), deviation)
    return user.post('/api/auth/passkeys', { credential, ...(name !== undefined && { name }) })
  }

  const logIn = async (authenticator: Authenticator, how?: Deviation, options?: Parameters<Caller['post']>[2]) =>
    send(authenticator.get(await loginOptions(), how), options)

  async function stepUp(user: Caller, authenticator: Authenticator, how?: Deviation) {
    const options = (await user.post('/api/auth/step-up/options')).json()
    return user.post('/api/auth/step-up', { credential: authenticator.get(options, how) })
  }

  return { optionsFor, loginOptions, send, add, logIn, stepUp }
}
