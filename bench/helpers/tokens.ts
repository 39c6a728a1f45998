import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import { openSecretKeys } from '../../src/auth/tokens/secret-keys.ts'
import { secret } from './measured.ts'

/** The secrets of the measured service. */
export const secrets = [{ kid: '1', secret }]
export const settings = {
  secrets,
  issuer: 'gatehouse',
  audience: 'gatehouse',
  accessTokenTtl: 7 * 86_400,
  betterAuth: undefined
}
export const tokens = createAccessTokens(settings, openSecretKeys(secrets), Date.now)

/** Access tokens of different users and sessions. They do not exist in the database. */
export const mint = (count: number): string[] =>
  Array.from({ length: count }, () => {
    const user = {
      id: crypto.randomUUID(),
      email: `${crypto.randomUUID()}@example.com`,
      role: 'user' as const,
      email_verified: false
    }
    return tokens.issue(user, crypto.randomUUID()).access_token
  })

/** The same token with another well-formed signature. */
export const tampered = (token: string): string =>
  `${token.slice(0, -43)}${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
