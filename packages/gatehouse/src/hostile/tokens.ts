import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { bridges, claims, headers } from './claims.ts'
import { type Claims, mint, type Part, seconds, segment } from './signing.ts'

export type Tokens = Record<string, string>
/** Signs a payload with changes of the header. */
type Mint = (changes: Claims, payload: Part) => string

/** How right tokens are made. */
export interface Signer {
  header: Claims
  /** The claims of a right token. Undefined claims are omitted. */
  claims: (changes?: Claims) => Claims
  /** Two segments in any spelling, with the signature of that text. */
  signText: (text: string) => string
  /** A right token. Without it one is made. */
  good?: string
  /** Another right token. Without it one is made. */
  another?: string
}

const each = <T>(table: Record<string, T>, prefix: string, make: (entry: T) => string): Tokens =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [`${prefix} ${name}`, make(entry)]))

const now = seconds()

/** Valid tokens in another spelling. The payload contains a character of the URL alphabet. */
function spellings({ claims, signText, ...made }: Signer, mint: Mint): Tokens {
  const { good = mint({}, claims({ email: '???>>>@example.com' })), another = mint({}, claims()) } = made
  const [header = '', payload = '', signature = ''] = good.split('.')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const next = (text: string) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]
  const segments = { header, payload, signature }
  const spelled = (changes: Partial<typeof segments>) => Object.values({ ...segments, ...changes }).join('.')
  // Signed in this spelling, so that only the spelling is wrong.
  const respelled = (name: string, text: string) =>
    name === 'signature'
      ? spelled({ signature: text })
      : signText(name === 'header' ? `${text}.${payload}` : `${header}.${text}`)
  const intruders = { blank: ' ', tab: '\t', 'line end': '\n', padding: '=', 'U+0000': '\0', star: '*' }
  const everywhere = Object.entries(segments).flatMap(([name, text]) =>
    Object.entries(intruders).flatMap(([kind, character]): [string, string][] => [
      [`${kind} after the ${name}`, respelled(name, `${text}${character}`)],
      [`${kind} in the ${name}`, respelled(name, `${text.slice(0, 8)}${character}${text.slice(8)}`)]
    ])
  )
  return {
    ...Object.fromEntries(everywhere),
    'payload in the other alphabet': respelled('payload', payload.replaceAll('-', '+').replaceAll('_', '/')),
    'signature in other unused bits': spelled({ signature: next(signature) }),
    'signature missing': `${header}.${payload}`,
    'signature empty': spelled({ signature: '' }),
    'signature truncated': spelled({ signature: signature.slice(0, -4) }),
    'signature doubled': spelled({ signature: signature + signature }),
    'signature of zeros': spelled({ signature: 'A'.repeat(43) }),
    'signature in hexadecimal': spelled({ signature: Buffer.from(signature, 'base64url').toString('hex') }),
    'signature of another token': spelled({ signature: another.split('.')[2] ?? '' }),
    'payload of another token': spelled({ payload: segment(claims({ email: 'eve@example.com' })) }),
    'four segments': `${good}.${signature}`,
    'four segments, the last empty': `${good}.`,
    'five segments, like a JWE': `${header}..${payload}.${payload}.${signature}`,
    'segments all empty': '..',
    'a quoted token': `"${good}"`,
    'two tokens': `${good},${good}`,
    'an opaque session token': 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD',
    'eleven kilobytes of nothing': 'a'.repeat(11 * 1024),
    'twenty kilobytes of dots': '.'.repeat(20 * 1024),
    'thirteen kilobytes, rightly signed': mint({}, claims({ more: 'x'.repeat(9_700) })),
    'beyond ASCII': `${header}.${payload}.ü${signature.slice(1)}`
  }
}

/** Correctly signed payloads and headers that are not JSON objects. */
function contents({ header, claims, signText }: Signer, mint: Mint): Tokens {
  const text = JSON.stringify(claims())
  const also = (members: string) => mint({}, `${text.slice(0, -1)},${members}}`)
  const under = (header: Part, payload: Part = claims()) => signText(`${segment(header)}.${segment(payload)}`)
  return {
    ...Object.fromEntries(
      [
        '[]',
        'null',
        '1',
        '"text"',
        '{}',
        'true',
        '',
        ' ',
        '{',
        `[${text}]`,
        `${text}${text}`,
        `${text}x`,
        `\ufeff${text}`
      ].map((payload) => [`payload ${payload.slice(0, 12)} of ${payload.length}`, mint({}, payload)])
    ),
    'payload deeply nested': mint({}, '['.repeat(4_000)),
    'payload not UTF-8': mint({}, Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])])),
    'payload in a prototype': mint({}, `{"__proto__":${text}}`),
    'payload in a constructor': mint({}, `{"constructor":{"prototype":${text}}}`),
    'payload a token': mint({ cty: 'JWT' }, mint({}, claims())),
    'header null': under(null),
    'header a list': under([header]),
    'header empty': under({}),
    'header in a prototype': under(`{"__proto__":${JSON.stringify(header)}}`),
    'header with alg twice': under(`{"alg":"none",${JSON.stringify(header).slice(1)}`),
    'sub twice': also('"sub":"0193aaaa-0000-7000-8000-00000000000b"'),
    'sub twice, escaped': also('"s\\u0075b" : "0193aaaa-0000-7000-8000-00000000000b"'),
    'exp twice': also(`"exp":${now + 9_999}`),
    'a name twice within a claim': also('"x":{"a":1,"b":{},"a":2}'),
    'a name twice within a list': also('"x":[{"a":"{"},{"b":1,"\\u0062":1}]'),
    'exp 1e999': mint({}, text.replace(/"exp":\d+/, '"exp":1e999')),
    'exp -1e300': mint({}, text.replace(/"exp":\d+/, '"exp":-1e300')),
    'iat -1e999': mint({}, text.replace(/"iat":\d+/, '"iat":-1e999'))
  }
}

/** Tokens of a signer by name, each with one thing wrong. */
export function hostileUnder(signer: Signer): Tokens {
  const mint: Mint = (changes, payload) =>
    signer.signText(`${segment({ ...signer.header, ...changes })}.${segment(payload)}`)
  return {
    ...each(headers, 'header', (change) => mint(change, signer.claims())),
    ...each(claims, 'ours', (change) => mint({}, signer.claims(change))),
    ...spellings(signer, mint),
    ...contents(signer, mint)
  }
}

/** Signed with keys that anybody can make, whatever the header says. */
export function foreignKeys({ header, claims }: Pick<Signer, 'header' | 'claims'>): Tokens {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ed = generateKeyPairSync('ed25519')
  const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: '1' }
  const hs256 = { ...header, alg: 'HS256' }
  function signed(changes: Claims, key: KeyObject, hash: string | null = 'sha256'): string {
    const text = `${segment({ ...header, ...changes })}.${segment(claims())}`
    return `${text}.${sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }
  return {
    'RS256 with its key in the header': signed({ alg: 'RS256', jwk }, rsa.privateKey),
    'ES256 with a key URL': signed({ alg: 'ES256', jku: 'https://evil.example.com/jwks' }, ec.privateKey),
    'EdDSA with a certificate URL': signed({ alg: 'EdDSA', x5u: 'https://evil.example.com/x5u' }, ed.privateKey, null),
    'HS256 by a key in the header': mint({ ...hs256, jwk: { kty: 'oct', k: segment('evil') } }, claims(), 'evil'),
    ...publicKeyAsSecret({ header, claims }, String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))),
    'HS256 by an empty secret': mint(hs256, claims(), ''),
    'HS256 by the published default': mint(hs256, claims(), 'better-auth-secret-12345678901234567890')
  }
}

/** Signed with the text of a public key as the secret (RFC 8725, section 2.1). */
export function publicKeyAsSecret({ header, claims }: Pick<Signer, 'header' | 'claims'>, pem: string): Tokens {
  const { kid, ...withoutKid } = { ...header, alg: 'HS256' } as Claims
  return {
    'HS256 by the text of a public key': mint({ ...header, alg: 'HS256' }, claims(), pem),
    'HS256 by the text of a public key, without kid': mint(withoutKid, claims(), pem)
  }
}

/** Signed with what is nearly the secret, or with the secret and another hash. */
export function nearSecrets({ header, claims }: Pick<Signer, 'header' | 'claims'>, secret: string): Tokens {
  return {
    'HS256 by a secret cut short': mint(header, claims(), secret.slice(0, 32)),
    'HS256 by the secret and a line end': mint(header, claims(), `${secret}\n`),
    'HS384 really': mint({ ...header, alg: 'HS384' }, claims(), secret, 'sha384'),
    'HS512 really': mint({ ...header, alg: 'HS512' }, claims(), secret, 'sha512'),
    'HS256 by name, HS512 really': mint(header, claims(), secret, 'sha512')
  }
}

/** Signed with the shared secret of a front end, but no valid login. */
export function hostileBridges(claims: Signer['claims'], secret: string): Tokens {
  const bridge = (changes: Claims, header: Claims = {}) => mint({ alg: 'HS256', ...header }, claims(changes), secret)
  const cache = { typ: 'better-auth.session-cache+jwt' }
  return {
    ...each(bridges, 'bridge', (change) => bridge(change)),
    'a bridge by another secret': mint({ alg: 'HS256' }, claims(), 'x'.repeat(32)),
    'a better-auth session cache': bridge({ aud: 'better-auth:session-cache' }, cache),
    'a session cache by type alone': bridge({}, cache),
    'a bridge that says at+jwt': bridge({}, { typ: 'at+jwt' })
  }
}
