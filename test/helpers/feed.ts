import type { FastifyInstance } from 'fastify'
import { hashOf, makeToken } from '../../src/auth/personal-tokens/token-text.ts'
import { personalTokensRepository } from '../../src/repositories/personal-tokens.ts'

/** A personal access token of a new user, by default for the feed of revocations. */
export async function feedToken(
  app: FastifyInstance,
  signUp: () => Promise<{ id: string }>,
  scopes: string[] = ['revocations:read']
): Promise<string> {
  const { id } = await signUp()
  const token = makeToken()
  await personalTokensRepository(app.db).insert({
    user_id: id,
    hash: hashOf(token),
    name: 'feed',
    scopes,
    expires_in_days: 1
  })
  return token
}
