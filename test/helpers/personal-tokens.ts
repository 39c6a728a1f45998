import type { FastifyInstance, InjectOptions } from 'fastify'
import { sql } from 'kysely'
import type { MadePersonalToken, NewPersonalToken } from '../../schemas/personal-tokens.ts'
import { ownScopes } from '../../schemas/personal-tokens.ts'
import { hashOf, makeToken } from '../../src/auth/personal-tokens/token-text.ts'
import { tasks } from '../../src/product/tasks.ts'
import { caller } from './app.ts'

/** Those of the tasks, and ours. */
export const tokenScopes: readonly string[] = [...(tasks.scopes ?? []), ...ownScopes]

export const path = '/api/auth/tokens'
export const wanted: NewPersonalToken = { name: 'Script', scopes: ['tasks:read', 'tasks:write'], expires_in_days: 30 }

type Signed = Pick<ReturnType<typeof caller>, 'post'>

/** `from` is where the requests that make tokens come from. */
export function personalTokensOf(app: FastifyInstance, from: () => InjectOptions = () => ({})) {
  const make = (user: Signed, given: object = {}) => user.post(path, { ...wanted, ...given }, from())

  /** A program with a new token of a user: `(await program(ann)).get('/api/tasks')`. */
  async function program(user: Signed, given: object = {}) {
    const made: MadePersonalToken = (await make(user, given)).json()
    return { ...made, ...caller(app, made.token) }
  }

  /** Stores a token with any scopes and life, as no route would. Returns its text. */
  async function store(user_id: string, scopes: readonly string[] = tokenScopes, life = '1 day') {
    const token = makeToken()
    const row = { id: crypto.randomUUID(), user_id, hash: hashOf(token), name: 'Stored', scopes: [...scopes] }
    const expires_at = sql<string>`now() + ${life}::interval`
    await app.db
      .insertInto('personal_tokens')
      .values({ ...row, expires_at })
      .execute()
    return token
  }

  const rowOf = (id: string) =>
    app.db
      .selectFrom('personal_tokens')
      .select(['last_used_at', sql<string>`xmin::text`.as('version')])
      .where('id', '=', id)
      .executeTakeFirst()

  return { make, program, store, rowOf }
}
