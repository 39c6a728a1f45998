import Fastify from 'fastify'
import { jwt } from '../../plugins/jwt.ts'
import type { SecretKeys } from '../auth/tokens/access-tokens.ts'
import type { Secret } from '../config/secrets.ts'

/** What the service signs and verifies tokens with, for whoever does so apart from it. */
export async function openSecretKeys(secrets: readonly Secret[]): Promise<SecretKeys> {
  const app = Fastify()
  await app.register(jwt, { secrets })
  return app.jwt
}
