import { type Claims, signText } from '../../packages/gatehouse/src/hostile/signing.ts'
import { foreignKeys, hostileUnder, nearSecrets, type Tokens } from '../../packages/gatehouse/src/hostile/tokens.ts'

/** One of each kind, for every route. All others are tried at one route, because every route has the same gate. */
export const kinds = [
  'header alg "none"',
  'header crit exp',
  'header typ JWT',
  'ours exp as text',
  'ours aud of another',
  'HS256 by the text of a public key',
  'signature in other unused bits',
  'signature empty',
  'payload null of 4',
  'sub twice'
]

const claimsOf = (token: string): Claims =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())

/** Tokens by name that are like this access token, each with one thing wrong. The secret is that of the tests. */
export function hostileLike(token: string, { kid, secret }: { kid: string; secret: string }): Tokens {
  // Some are hostile only without the claims of a step-up.
  const { auth_time, amr, role, ...right } = claimsOf(token)
  const signer = {
    header: { alg: 'HS256', typ: 'at+jwt', kid },
    claims: (changes: Claims = {}) => ({ ...right, ...changes }),
    signText: (text: string) => signText(text, secret)
  }
  return { ...hostileUnder(signer), ...foreignKeys(signer), ...nearSecrets(signer, secret) }
}
