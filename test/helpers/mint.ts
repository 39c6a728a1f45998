import {
  type Claims,
  type Part,
  seconds,
  segment,
  mint as sign,
  signText as signWith
} from '../../packages/gatehouse/src/hostile/signing.ts'
import { secret } from './app.ts'

export { type Part, seconds, segment }

/** Two segments in any spelling, with the right signature of that text. */
export const signText = (text: string, key: string | Buffer = secret, hash?: string) => signWith(text, key, hash)

/** Signs anything: objects as JSON, text and bytes unchanged. */
export const mint = (header: Part, payload: Part, key: string | Buffer = secret, hash?: string) =>
  sign(header, payload, key, hash)

export const ourHeader = { alg: 'HS256', typ: 'at+jwt', kid: '1' }

/** The claims of our own token. Undefined claims are omitted. */
export const ourClaims = (changes: Claims = {}): Claims => ({
  iss: 'gatehouse',
  aud: 'gatehouse',
  sub: '0193aaaa-0000-7000-8000-00000000000a',
  email: 'ann@example.com',
  sid: crypto.randomUUID(),
  jti: crypto.randomUUID(),
  iat: seconds(),
  exp: seconds() + 3600,
  ...changes
})

export const bridgeHeader = { alg: 'HS256' }

/** The claims of a token minted by a Better Auth front end. */
export const bridgeClaims = (changes: Claims = {}): Claims => ({
  sub: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD',
  email: 'ann@example.com',
  iat: seconds(),
  exp: seconds() + 900,
  ...changes
})

export const ourToken = (changes?: Claims, header: Claims = {}) => mint({ ...ourHeader, ...header }, ourClaims(changes))
export const bridgeToken = (changes?: Claims, header: Claims = {}) =>
  mint({ ...bridgeHeader, ...header }, bridgeClaims(changes))
