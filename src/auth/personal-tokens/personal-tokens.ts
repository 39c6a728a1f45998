import type { Kysely } from 'kysely'
import type { MadePersonalToken, NewPersonalToken } from '../../../schemas/personal-tokens.ts'
import { ownScopes } from '../../../schemas/personal-tokens.ts'
import type { User as UserRow } from '../../../schemas/users.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import type { Mail } from '../../mail/mail.ts'
import type { SharedCounts } from '../../redis/redis.ts'
import { createWindows } from '../../redis/windows.ts'
import { personalTokensRepository } from '../../repositories/personal-tokens.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { User } from '../auth.ts'
import type { Client } from '../client.ts'
import { ownSession } from '../factors/step-up.ts'
import type { Revocations } from '../revocations/revocations.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { LimitChanges } from '../throttle/changes.ts'
import { createKnownTokens } from './known-tokens.ts'
import { hashOf, makeToken } from './token-text.ts'
import { createUses } from './uses.ts'

/** Personal access tokens of an account that have not ended. */
const maxPersonalTokens = 50

const maxEntries = 50_000
/** Reads of the feed of revocations for each other request that RATE_LIMIT_TOKEN allows. */
const feedFactor = 10
const minute = 60_000

interface Parts {
  sessions: Pick<Sessions, 'hold'>
  revocations: Pick<Revocations, 'check' | 'onForeign' | 'settle'>
  log: SecurityLog
  mail: Pick<Mail, 'write' | 'wake'>
  limitChanges: LimitChanges
  shared: SharedCounts | undefined
  /** Of the product, besides ours. */
  scopes: readonly string[]
  rateLimit: { enabled: boolean; auth: number; token: number }
  clock: () => number
}

/** Whether a user may have tokens with a scope. A trigger ends those of a user who is no longer an admin. */
const mayIssue = ({ role }: UserRow, scope: string): boolean => scope !== 'revocations:read' || role === 'admin'

/** Tokens for programs of a user. Each has scopes and an end, and none opens what only a session may (RFC 6750, section 3.1). */
export function createPersonalTokens(db: Kysely<Database>, parts: Parts) {
  const { sessions, revocations, log, mail, limitChanges, shared, rateLimit, clock } = parts
  const allScopes = [...parts.scopes, ...ownScopes]
  const tokens = personalTokensRepository(db)
  const strangers = createWindows(shared, { kind: 'unknown-token', maxEntries, clock })
  const requests = createWindows(shared, { kind: 'token', maxEntries, clock })
  const known = createKnownTokens(tokens, { revocations, strangers, rateLimit, clock })
  const uses = createUses(tokens, clock)

  /** The feed of revocations has a limit of its own: others cause what its readers ask for, and several of them share a token. */
  async function limit(id: string, scope: string): Promise<void> {
    if (!rateLimit.enabled) return
    const isFeed = scope === 'revocations:read'
    const allowed = isFeed
      ? { name: `feed ${id}`, max: feedFactor * rateLimit.token }
      : { name: id, max: rateLimit.token }
    const { wait } = await requests.count([{ ...allowed, length: minute }], { isFinal: true })
    if (wait > 0) throw problems.tooManyRequests(wait / 1000)
  }

  return {
    /**
     * Returns the user of a token. Throws `insufficient_scope` for a token without the scope, `too_many_requests`, and for all
     * others the 401 of the contract.
     */
    async identify(text: string, scope: string, client: Client): Promise<User> {
      const token = await known.verify(text, client)
      uses.note(token.sessionId)
      await limit(token.sessionId, scope)
      if (!token.scopes.includes(scope)) throw problems.insufficientScope(scope)
      return { id: token.subject, email: token.email, token }
    },

    list: tokens.list,

    /** Makes a token, which is shown only now. Throws `forbidden`, `quota_exceeded`, `too_many_requests` and `token_revoked`. */
    async make(user: User, given: NewPersonalToken, client: Client): Promise<MadePersonalToken> {
      const own = ownSession(user.token)
      const { subject: user_id, sessionId: session_id } = own
      const { name, expires_in_days } = given
      const scopes = allScopes.filter((scope) => given.scopes.includes(scope))
      const token = makeToken()
      const made = await limitChanges('token.created', user_id, () =>
        db.transaction().execute(async (trx) => {
          const held = (await usersRepository(trx).hold(user_id)) as UserRow
          // The end of an account ends its sessions.
          await sessions.hold(own, trx)
          const refused = scopes.find((scope) => !mayIssue(held, scope))
          if (refused) throw problems.forbidden(`may not issue ${refused}`)
          const tokens = personalTokensRepository(trx)
          if ((await tokens.count(user_id)) >= maxPersonalTokens) throw problems.tooManyTokens(maxPersonalTokens)
          await mail.write({ kind: 'token.created', recipient: held.email, user_id }, client, trx)
          return tokens.insert({ user_id, hash: hashOf(token), name, scopes, expires_in_days })
        })
      )
      mail.wake()
      await log.record('token.created', client, { user_id, session_id })
      return { ...made, token }
    },

    /** Ends a token in every process. Returns false if there is none. */
    async end({ id: user_id, token }: User, id: string, client: Client): Promise<boolean> {
      if (!(await tokens.remove(user_id, id))) return false
      await revocations.settle()
      await log.record('token.ended', client, { user_id, session_id: ownSession(token).sessionId })
      return true
    },

    /** Writes when tokens were last used. */
    writeUses: uses.write
  }
}

export type PersonalTokens = ReturnType<typeof createPersonalTokens>
