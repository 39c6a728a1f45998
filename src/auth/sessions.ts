import type { Kysely, Transaction } from 'kysely'
import { NIL, v4 as uuid } from 'uuid'
import type { AuthResponse, User } from '../../schemas/users.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Lives } from '../repositories/session-ends.ts'
import { sessionsRepository } from '../repositories/sessions.ts'
import { usersRepository } from '../repositories/users.ts'
import type { Client } from './client.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { AccessTokens } from './tokens/access-tokens.ts'
import type { AccessToken, OwnToken } from './tokens/claims.ts'
import { hashOf, type RefreshToken, type RefreshTokens } from './tokens/refresh-tokens.ts'

/** Milliseconds between two writes of when sessions were last used: all that were, in one statement. */
const useInterval = 60_000
const longestUserAgent = 512
/** Sessions of one user; who opens more loses those not used for longest. To end them all must stay quick. */
const most = 1_000

interface Parts {
  tokens: AccessTokens
  /** Where they are listed from. */
  reads: Kysely<Database>
  refreshTokens: RefreshTokens
  revocations: Revocations
  log: SecurityLog
}

/** Sessions: opened by a login, carried on by their refresh token, and ended for every process at once. */
export function createSessions(
  db: Kysely<Database>,
  lives: Lives,
  { reads, tokens, refreshTokens, revocations, log }: Parts
) {
  const sessions = sessionsRepository(db, lives)
  const used = new Map<string, number>()
  const timer = setInterval(writeUse, useInterval).unref()

  async function writeUse(): Promise<void> {
    const entries = [...used].sort(([a], [b]) => (a < b ? -1 : 1))
    used.clear()
    if (entries.length === 0) return
    const [ids, times] = [entries.map(([id]) => id), entries.map(([, at]) => new Date(at).toISOString())]
    // Better lost than in anybody's way.
    await sessions.touch(ids, times).catch(() => {})
  }

  function answer(user: User, refreshToken: RefreshToken, secondsLeft: number): AuthResponse {
    return {
      ...tokens.issue(user, refreshToken.sessionId, secondsLeft),
      token_type: 'bearer',
      refresh_token: refreshTokens.format(refreshToken),
      refresh_expires_in: Math.round(secondsLeft),
      user
    }
  }

  return {
    /** Opens a session. Undefined when the user is not active any more. */
    async open(user: User, { ip, userAgent }: Client, trx: Transaction<Database>) {
      const refreshToken = refreshTokens.make(uuid())
      const sessions = sessionsRepository(trx, lives)
      await sessions.removeUnused(user.id, most - 1)
      const opened = await sessions.insert({
        id: refreshToken.sessionId,
        user_id: user.id,
        refresh_hash: hashOf(refreshToken),
        user_agent: userAgent?.slice(0, longestUserAgent) ?? null,
        ip
      })
      return opened && answer(user, refreshToken, opened.seconds_left)
    },

    /** Both tokens anew. Throws `invalid_token`; a token that was replaced and comes back ends its session (RFC 9700, 4.14). */
    async refresh(text: string, client: Client): Promise<AuthResponse> {
      const given = refreshTokens.parse(text)
      // Made for everybody: what we never gave takes as long to refuse as what has ended.
      const nobodys = refreshTokens.make(NIL)
      const token = given ?? nobodys
      const successor = refreshTokens.make(token.sessionId)
      const rotated = await sessions.rotate({
        id: token.sessionId,
        hash: hashOf(token),
        successorHash: hashOf(successor),
        sealedSuccessor: refreshTokens.seal(token, successor)
      })
      if (rotated) {
        const { sealed_successor, seconds_left, ...user } = rotated
        return answer(user, refreshTokens.unseal(token, sealed_successor), seconds_left)
      }
      const stolen = await sessions.removeStolen(token.sessionId, hashOf(token))
      if (!stolen) throw problems.invalidToken(given ? 'the session has ended' : 'not a refresh token')
      await revocations.settle()
      await log.record('refresh.reused', client, { user_id: stolen.user_id, session_id: token.sessionId })
      throw problems.invalidToken('a refresh token was used again')
    },

    list: sessionsRepository(reads, lives).list,

    /** Notes that a session is in use: in memory, written down once a minute. */
    use(id: string): void {
      used.set(id, Date.now())
    },

    writeUse,

    /** Ends one session of a user, or tells that there is none. */
    async end(userId: string, id: string, client: Client): Promise<boolean> {
      if (!(await sessions.remove(userId, id))) return false
      await revocations.settle()
      await log.record('session.ended', client, { user_id: userId, session_id: id })
      return true
    },

    /** Ends whatever this token belongs to. */
    async logOut(userId: string, token: AccessToken, client: Client): Promise<void> {
      if (token.issuer !== null) await revocations.revokeForeign(token)
      else {
        // Without a row (a token from before there were sessions) nothing else would revoke it.
        if (!(await sessions.remove(userId, token.sessionId))) await revocations.revokeSession(token)
        await revocations.settle()
      }
      await log.record('logout', client, { user_id: userId, session_id: token.sessionId ?? null })
    },

    /** Ends all sessions of a user but the one that this token belongs to. */
    async endOthers(userId: string, token: AccessToken, client: Client): Promise<void> {
      if (token.issuer !== null) await revocations.revokeForeign(token, true)
      else {
        await db.transaction().execute(async (trx) => {
          // A change of the password that has begun opens its session first.
          await usersRepository(trx).hold(userId)
          await sessionsRepository(trx, lives).removeAll(userId, token.sessionId)
        })
        await revocations.settle()
      }
      await log.record('sessions.ended', client, { user_id: userId })
    },

    /**
     * Locks the session of a token until the transaction ends. Throws `token_revoked` when the session has ended: what was asked
     * for with its token must not happen any more.
     */
    async hold({ subject, sessionId }: OwnToken, trx: Transaction<Database>): Promise<void> {
      if (!(await sessionsRepository(trx, lives).hold(subject, sessionId)))
        throw problems.tokenRevoked('the session ended meanwhile')
    },

    /** Ends all sessions of a user. The caller settles the revocations after the commit. */
    endAll: (userId: string, trx: Transaction<Database>) => sessionsRepository(trx, lives).removeAll(userId),

    async stop(): Promise<void> {
      clearInterval(timer)
      await writeUse()
    }
  }
}

export type Sessions = ReturnType<typeof createSessions>
