import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { secret } from './app.ts'
import { bridges, claims, headers } from './hostile-claims.ts'
import { bridgeClaims, bridgeToken, mint, ourClaims, ourHeader, type Part, seconds, segment, signText } from './mint.ts'

type Tokens = Record<string, string>
/** Signs a payload with changes of the header. */
type Mint = (changes: Record<string, unknown>, payload: Part) => string

const each = <T>(table: Record<string, T>, prefix: string, make: (entry: T) => string): Tokens =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [`${prefix} ${name}`, make(entry)]))

const now = seconds()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: '1' }

function signed(header: Record<string, unknown>, key: KeyObject, hash: string | null = 'sha256'): string {
  const text = `${segment({ ...ourHeader, ...header })}.${segment(ourClaims())}`
  return `${text}.${sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** Signed with other keys, whatever the header says. */
const keys: Tokens = {
  'RS256 with its key in the header': signed({ alg: 'RS256', jwk }, rsa.privateKey),
  'ES256 with a key URL': signed({ alg: 'ES256', jku: 'https://evil.example.com/jwks' }, ec.privateKey),
  'EdDSA with a certificate URL': signed({ alg: 'EdDSA', x5u: 'https://evil.example.com/x5u' }, ed.privateKey, null),
  'HS256 by a key in the header': mint(
    { ...ourHeader, jwk: { kty: 'oct', k: segment('evil') } },
    ourClaims(),
    Buffer.from('evil')
  ),
  'HS256 by the text of a public key': mint(ourHeader, ourClaims(), pem),
  'HS256 by the text of a public key, without kid': mint({ alg: 'HS256', typ: 'at+jwt' }, ourClaims(), pem),
  'HS256 by an empty secret': mint(ourHeader, ourClaims(), ''),
  'HS256 by a secret cut short': mint(ourHeader, ourClaims(), secret.slice(0, 32)),
  'HS256 by the secret and a line end': mint(ourHeader, ourClaims(), `${secret}\n`),
  'HS256 by the published default': mint(ourHeader, ourClaims(), 'better-auth-secret-12345678901234567890'),
  'HS384 really': mint({ ...ourHeader, alg: 'HS384' }, ourClaims(), secret, 'sha384'),
  'HS512 really': mint({ ...ourHeader, alg: 'HS512' }, ourClaims(), secret, 'sha512'),
  'HS256 by name, HS512 really': mint(ourHeader, ourClaims(), secret, 'sha512'),
  'a bridge by another secret': mint({ alg: 'HS256' }, bridgeClaims(), 'x'.repeat(32)),
  'a better-auth session cache': bridgeToken(
    { aud: 'better-auth:session-cache' },
    { typ: 'better-auth.session-cache+jwt' }
  ),
  'a session cache by type alone': bridgeToken({}, { typ: 'better-auth.session-cache+jwt' }),
  'a bridge that says at+jwt': bridgeToken({}, { typ: 'at+jwt' })
}

/** How right tokens are signed. */
export interface Signer {
  header: Record<string, unknown>
  signText: (text: string) => string
}

/** Valid tokens in another spelling. The payload contains a character of the URL alphabet. */
function spellings({ signText }: Signer, mint: Mint): Tokens {
  const good = mint({}, ourClaims({ email: '???>>>@example.com' }))
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
    'signature of another token': spelled({ signature: mint({}, ourClaims()).split('.')[2] ?? '' }),
    'payload of another token': spelled({ payload: segment(ourClaims({ email: 'eve@example.com' })) }),
    'four segments': `${good}.${signature}`,
    'four segments, the last empty': `${good}.`,
    'five segments, like a JWE': `${header}..${payload}.${payload}.${signature}`,
    'segments all empty': '..',
    'a quoted token': `"${good}"`,
    'two tokens': `${good},${good}`,
    'an opaque session token': 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD',
    'eleven kilobytes of nothing': 'a'.repeat(11 * 1024),
    'twenty kilobytes of dots': '.'.repeat(20 * 1024),
    'thirteen kilobytes, rightly signed': mint({}, ourClaims({ more: 'x'.repeat(9_700) })),
    'beyond ASCII': `${header}.${payload}.ü${signature.slice(1)}`
  }
}

/** Correctly signed payloads and headers that are not JSON objects. */
function contents({ header, signText }: Signer, mint: Mint): Tokens {
  const text = JSON.stringify(ourClaims())
  const also = (members: string) => mint({}, `${text.slice(0, -1)},${members}}`)
  const under = (header: Part, payload: Part = ourClaims()) => signText(`${segment(header)}.${segment(payload)}`)
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
    'payload a token': mint({ cty: 'JWT' }, mint({}, ourClaims())),
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
    ...each(headers, 'header', (change) => mint(change, ourClaims())),
    ...each(claims, 'ours', (change) => mint({}, ourClaims(change))),
    ...spellings(signer, mint),
    ...contents(signer, mint)
  }
}

/** Hostile tokens by name, each with one thing wrong. */
export const hostileTokens: Readonly<Tokens> = {
  ...hostileUnder({ header: ourHeader, signText }),
  ...each(bridges, 'bridge', (change) => bridgeToken(change)),
  ...keys
}
