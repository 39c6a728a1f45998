import { createHmac, createPublicKey } from 'node:crypto'
import type { Ask } from '../client.ts'
import { type Claims, mint, segment, signText } from '../hostile/signing.ts'
import * as hostile from '../hostile/tokens.ts'
import { at, type Profile } from '../profiles.ts'
import { opens, type Run, refuses, shown } from '../run.ts'

/** Secrets of tutorials and defaults. A token is compared with them here; nothing is sent. */
const publishedSecrets = [
  ...['secret', 'secretkey', 'supersecret', 'super-secret', 'supersecretkey', 'jwt_secret', 'jwt-secret', 'mysecret'],
  ...['my-secret', 'changeme', 'change-me', 'password', 'test', 'your-256-bit-secret', 'your-secret-key', 'shhhhh'],
  ...['your_jwt_secret', 'your-jwt-secret', 'a-string-secret-at-least-256-bits-long', 'secret-key', '', 'fastify'],
  ...['better-auth-secret-12345678901234567890', 'zF4Gr5uYTUtVZVcyXGLFaTyskJhewCl5']
]

const json = (part: string | undefined): Claims | undefined => {
  try {
    const value = JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** The parts of a JWT in the compact form, or undefined for other tokens. */
export function decode(token: string | undefined) {
  const parts = (token ?? '').split('.')
  const [header, claims] = [json(parts[0]), json(parts[1])]
  return token && parts.length === 3 && header && claims
    ? { token, header, claims, signature: parts[2] ?? '' }
    : undefined
}

type Decoded = NonNullable<ReturnType<typeof decode>>

/** What a header can carry. Blanks around a value are not part of it (RFC 9110, section 5.5). */
const isSendable = (token: string) =>
  token !== '' && !/[\0\r\n]|^[\t ]|[\t ]$/.test(token) && Buffer.from(token, 'latin1').toString('latin1') === token

/** Variants of a real token that can be made without its secret. */
function withoutSecret({ token, header, claims, signature }: Decoded, another: string): hostile.Tokens {
  const changed = (changes: Claims = {}) => ({ ...claims, ...changes })
  // Each text keeps the real signature, which is that of another text.
  const kept = { header, claims: changed, signText: (text: string) => `${text}.${signature}`, good: token, another }
  const [, payload = ''] = token.split('.')
  const unsigned = ['none', 'None', 'NONE', 'nOnE'].flatMap((alg) => {
    const text = `${segment({ ...header, alg })}.${payload}`
    return [
      [`${alg}, without a signature`, `${text}.`],
      [`${alg}, with two segments`, text]
    ]
  })
  return { ...hostile.hostileUnder(kept), ...Object.fromEntries(unsigned), ...hostile.foreignKeys(kept) }
}

/** Variants that are rightly signed, for who knows the secret. */
function withSecret({ header, claims }: Decoded, secret: string): hostile.Tokens {
  const now = Math.floor(Date.now() / 1000)
  // The table has wrong pairs of these two.
  const { auth_time, amr, ...others } = claims
  const fresh = (changes: Claims = {}) => ({ ...others, iat: now, exp: now + 3600, ...changes })
  const signer = { header, claims: fresh, signText: (text: string) => signText(text, secret) }
  const front = (changes: Claims = {}) => ({
    sub: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD',
    email: 'ann@example.com',
    iat: now,
    exp: now + 900,
    ...changes
  })
  return {
    ...hostile.hostileUnder(signer),
    ...hostile.nearSecrets(signer, secret),
    ...hostile.hostileBridges(front, secret)
  }
}

/** The public keys of the deployment as text, which HS256 must not take for a secret. */
async function publicKeys({ ask, profile, ledger }: Run): Promise<string[]> {
  if (!profile.jwks) return []
  const { json } = await ask({ path: profile.jwks })
  const keys = at(json, 'keys')
  return (Array.isArray(keys) ? keys : []).flatMap((jwk) => {
    try {
      return [String(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))]
    } catch {
      ledger.note('keys.set', 'a key of the set cannot be read')
      return []
    }
  })
}

/** Where a JWT goes: into the header of `me`. */
const bearer = (profile: Profile, token: string): Ask => ({
  ...profile.me,
  headers: { authorization: `Bearer ${token}` }
})

async function hostileTokens(run: Run, real: Decoded, another: string): Promise<void> {
  const { ask, profile, ledger, secret } = run
  const control = await ask(bearer(profile, real.token))
  if (!opens(profile, control)) {
    ledger.note('tokens.refused', `skipped: the real token does not open ${profile.me.path} (${control.status})`)
    return
  }
  const pems = await publicKeys(run)
  const shared = { header: real.header, claims: () => real.claims }
  const table = [
    ...Object.entries(withoutSecret(real, another)),
    ...pems.flatMap((pem) => Object.entries(hostile.publicKeyAsSecret(shared, pem))),
    ...(secret === undefined
      ? []
      : Object.entries(withSecret(real, secret)).map(([name, token]) => [`signed, ${name}`, token] as const))
  ]
  const distinct = new Map(
    table.filter(([, token]) => token !== real.token && isSendable(token)).map(([name, token]) => [token, name])
  )
  for (const [token, name] of distinct) {
    const request = bearer(profile, token)
    const answer = await ask(request)
    const isSpelling = /^(blank|tab|padding|star|signature in other unused bits|payload in the other alphabet)/.test(
      name
    )
    ledger.expect(
      isSpelling && !name.startsWith('signed') ? 'tokens.spelling' : 'tokens.refused',
      !opens(profile, answer),
      () => shown(request, answer, name)
    )
    // 400 and 431 are right for what is no token, or is too long for a header.
    const isRight = refuses(profile, answer) || [400, 403, 431].includes(answer.status) || opens(profile, answer)
    ledger.expect('tokens.answer', isRight, () => shown(request, answer, name))
  }
  if (secret === undefined)
    ledger.note('tokens.refused', `${distinct.size} variants that can be made without the secret`)
}

/** Variants of a credential that is no JWT. */
async function opaqueCredentials({ ask, profile, ledger, a, b }: Run): Promise<void> {
  const [name, value] =
    a.token === undefined ? (['cookie', a.headers.cookie ?? ''] as const) : (['authorization', a.token] as const)
  const flip = (text: string, index: number) =>
    `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`
  // The value of a cookie begins after its name.
  const start = name === 'cookie' ? value.indexOf('=') + 1 : 0
  const theirs = name === 'cookie' ? (b.headers.cookie ?? '') : (b.token ?? '')
  const dot = value.lastIndexOf('.') > start ? value.lastIndexOf('.') : value.lastIndexOf('%2E')
  const variants: Record<string, string> = {
    'first character changed': flip(value, start),
    'a character in the middle changed': flip(value, start + Math.floor((value.length - start) / 2)),
    'cut short': value.slice(0, -8),
    'half of it': value.slice(0, start + Math.floor((value.length - start) / 2)),
    'in upper case': value.slice(0, start) + value.slice(start).toUpperCase(),
    'without its signature': dot > start ? value.slice(0, dot) : value.slice(0, start + 4),
    "with another account's signature":
      dot > start ? value.slice(0, dot) + theirs.slice(theirs.lastIndexOf('.')) : value.slice(0, start + 5),
    'a wildcard': `${value.slice(0, start)}*`,
    SQL: `${value.slice(0, start)}'%20or%20true--`,
    null: `${value.slice(0, start)}null`
  }
  for (const [variant, text] of Object.entries(variants).filter(([, text]) => text !== value && text !== theirs)) {
    const request = { ...profile.me, headers: { ...a.headers, [name]: name === 'cookie' ? text : `Bearer ${text}` } }
    const answer = await ask(request)
    ledger.expect('tokens.refused', !opens(profile, answer), () => shown(request, answer, variant))
    ledger.expect('tokens.answer', answer.status < 500, () => shown(request, answer, variant))
  }
}

const secretClaim = /pass(word|wd|phrase)?$|hash|secret|^(refresh|session)_?token$/i

/** What can be told from the token alone. */
function inspect({ ledger }: Run, { token, header, claims }: Decoded): void {
  const now = Date.now() / 1000
  const [text, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)]
  const { alg } = header
  if (typeof alg === 'string' && /^HS(256|384|512)$/.test(alg)) {
    const hash = `sha${alg.slice(2)}`
    const found = publishedSecrets.find(
      (secret) => createHmac(hash, secret).update(text).digest('base64url') === signature
    )
    ledger.expect('tokens.weakSecret', found === undefined, () => `the token is signed with ${JSON.stringify(found)}`)
  }
  const days = (Number(claims.exp) - now) / 86_400
  ledger.expect('tokens.lifetime', days <= 31, () =>
    claims.exp === undefined ? 'the token has no exp' : `the token is valid for ${Math.round(days)} days`
  )
  const names = Object.keys(claims).filter((name) => secretClaim.test(name))
  ledger.expect('tokens.contents', names.length === 0, () => `the payload has ${names.join(', ')}`)
}

/** Sends tokens that must be refused (RFC 8725; OWASP ASVS 5.0, 9.1). */
export async function tokens(run: Run): Promise<void> {
  const { ask, profile, ledger, a, b } = run
  const stranger = await ask(profile.me)
  if (stranger.status === 401)
    ledger.expect('tokens.challenge', stranger.headers['www-authenticate'] !== undefined, () =>
      shown(profile.me, stranger, 'without WWW-Authenticate')
    )
  const fetched = profile.jwt ? at((await ask({ ...profile.jwt, as: a })).json, profile.jwt.token) : a.token
  const real = decode(typeof fetched === 'string' ? fetched : undefined)
  if (real) {
    ledger.hide(real.token)
    inspect(run, real)
    const another = b.token ?? mint(real.header, real.claims, 'x')
    await hostileTokens(run, real, another)
  }
  if (!real || profile.jwt) await opaqueCredentials(run)
}
