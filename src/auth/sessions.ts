import type { Kysely, Transaction } from 'kysely'
import { NIL, v4 as uuid } from 'uuid'
import type { AuthResponse, User } from '../../schemas/users.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import { factorsRepository } from '../repositories/factors.ts'
import { personalTokensRepository } from '../repositories/personal-tokens.ts'
import type { Lives } from '../repositories/session-ends.ts'
import { sessionsRepository } from '../repositories/sessions.ts'
import { usersRepository } from '../repositories/users.ts'
import type { Client } from './client.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { AccessTokens } from './tokens/access-tokens.ts'
import type { AccessToken, Authentication, OwnToken } from './tokens/claims.ts'
import { hashOf, type RefreshToken, type RefreshTokens } from './tokens/refresh-tokens.ts'

const writeInterval = 60_000
const longestUserAgent = 512
// Opening more ends those unused for longest, so that ending all stays fast.
const maxSessions = 1_000

const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])]

interface Parts {
  tokens: AccessTokens
  reads: Kysely<Database>
  refreshTokens: RefreshTokens
  revocations: Revocations
  log: SecurityLog
  clock: () => number
}

interface Admitted {
  user: User
  sessionId: string
  /** Undefined for a session that an earlier release opened. */
  authentication: Authentication | undefined
  /** Whether the user has a second factor. */
  needsSecondFactor: boolean
  /** Undefined if the client keeps the one that it has. */
  refreshToken?: RefreshToken
  secondsLeft: number
}

/** Ends all sessions, personal access tokens and challenges of a user. The caller must settle the revocations after the commit. */
export const endAllSessions =
  (lives: Lives) =>
  async (userId: string, trx: Transaction<Database>): Promise<void> => {
    await sessionsRepository(trx, lives).removeAll(userId)
    await personalTokensRepository(trx).removeAll(userId)
    await factorsRepository(trx).removeChallenges(userId)
  }

export function createSessions(
  db: Kysely<Database>,
  { verifiedOnly, ...lives }: Lives & { verifiedOnly: boolean },
  { reads, tokens, refreshTokens, revocations, log, clock }: Parts
) {
  const sessions = sessionsRepository(db, lives)
  const used = new Map<string, number>()
  const timer = setInterval(writeUse, writeInterval).unref()

  async function writeUse(): Promise<void> {
    const entries = [...used].sort(([a], [b]) => (a < b ? -1 : 1))
    used.clear()
    if (entries.length === 0) return
    const [ids, times] = [entries.map(([id]) => id), entries.map(([, at]) => new Date(at).toISOString())]
    // Losing these times is better than delaying a request.
    await sessions.touch(ids, times).catch(() => {})
  }

  /** By our clock, which later checks the age; the database's may differ. */
  const authenticated = (amr: string[]): Authentication => ({ auth_time: Math.floor(clock() / 1000), amr })

  /** Undefined for a session that an earlier release opened. */
  const authenticationOf = ({ auth_time, amr }: { auth_time: number | null; amr: string[] | null }) =>
    auth_time !== null && amr ? { auth_time, amr } : undefined

  /**
   * Locks a session until the transaction ends: requests of an ended session must have no further effect. Returns what it
   * has proved. Throws `token_revoked`.
   */
  async function hold({ subject, sessionId }: OwnToken, trx: Transaction<Database>) {
    const held = await sessionsRepository(trx, lives).hold(subject, sessionId)
    if (!held) throw problems.tokenRevoked('the session ended meanwhile')
    return authenticationOf(held)
  }

  const admits = ({ email_verified }: User) => email_verified || !verifiedOnly

  /**
   * The gate: the only place that issues tokens, for every way to open, renew or raise a session (test/structure/gate.test.ts).
   * It compares the factors that the user has with those that the session has proved.
   */
  function admit(admitted: Admitted): AuthResponse {
    const { user, sessionId, authentication, needsSecondFactor, refreshToken, secondsLeft } = admitted
    if (!admits(user)) throw problems.emailNotVerified()
    if (needsSecondFactor && !authentication?.amr.includes('mfa')) throw problems.secondFactorRequired()
    return {
      ...tokens.issue(user, sessionId, secondsLeft, authentication),
      token_type: 'bearer',
      ...(refreshToken && { refresh_token: refreshTokens.format(refreshToken) }),
      refresh_expires_in: Math.round(secondsLeft),
      user
    }
  }

  return {
    /** Whether a user may have a session. */
    admits,

    /**
     * Opens a session of a user who has just proved who they are by the methods `amr`. It keeps the two factors that an
     * earlier session has proved, and when. Throws `email_not_verified` and `second_factor_required`.
     */
    async open(
      user: User,
      amr: string[],
      { ip, userAgent }: Client,
      trx: Transaction<Database>,
      earlier?: Authentication
    ) {
      const refreshToken = refreshTokens.make(uuid())
      const { sessionId } = refreshToken
      const authentication = earlier?.amr.includes('mfa')
        ? { ...earlier, amr: union(earlier.amr, amr) }
        : authenticated(amr)
      const sessions = sessionsRepository(trx, lives)
      await sessions.removeUnused(user.id, maxSessions - 1)
      const opened = await sessions.insert({
        id: sessionId,
        user_id: user.id,
        refresh_hash: hashOf(refreshToken),
        authentication,
        user_agent: userAgent?.slice(0, longestUserAgent) ?? null,
        ip
      })
      return (
        opened &&
        admit({
          ...{ user, sessionId, authentication, refreshToken },
          needsSecondFactor: opened.needs_second_factor,
          secondsLeft: opened.seconds_left
        })
      )
    },

    /** Replaces both tokens. Throws `invalid_token`. Reuse of a replaced token ends the session (RFC 9700, 4.14). */
    async refresh(text: string, client: Client): Promise<AuthResponse> {
      const given = refreshTokens.parse(text)
      // A dummy, so that refusing a token of nobody takes the same time as refusing an ended session.
      const dummy = refreshTokens.make(NIL)
      const token = given ?? dummy
      const successor = refreshTokens.make(token.sessionId)
      const rotated = await sessions.rotate({
        id: token.sessionId,
        hash: hashOf(token),
        successorHash: hashOf(successor),
        sealedSuccessor: refreshTokens.seal(token, successor),
        verifiedOnly
      })
      if (rotated) {
        const { sealed_successor, auth_time, amr, needs_second_factor: needsSecondFactor, ...rest } = rotated
        const { seconds_left: secondsLeft, ...user } = rest
        const refreshToken = refreshTokens.unseal(token, sealed_successor)
        const authentication = authenticationOf({ auth_time, amr })
        const { sessionId } = token
        return admit({ user, sessionId, authentication, needsSecondFactor, refreshToken, secondsLeft })
      }
      const stolen = await sessions.removeStolen(token.sessionId, hashOf(token))
      if (!stolen) throw problems.invalidToken(given ? 'the session has ended' : 'not a refresh token')
      await revocations.settle()
      await log.record('refresh.reused', client, { user_id: stolen.user_id, session_id: token.sessionId })
      throw problems.invalidToken('a refresh token was used again')
    },

    /**
     * Issues an access token for a user who has just proved again who they are by these methods. The refresh token stays as
     * it is: a lost answer must not end the session. Throws `token_revoked` and `second_factor_required`.
     */
    async raise(token: OwnToken, methods: string[], trx: Transaction<Database>): Promise<AuthResponse> {
      const { subject, sessionId } = token
      // The user first, as everywhere: no factor is turned on meanwhile.
      await usersRepository(trx).hold(subject)
      const { amr = [] } = (await hold(token, trx)) ?? {}
      const authentication = authenticated(methods.includes('mfa') ? union(amr, methods) : methods)
      const raised = await sessionsRepository(trx, lives).raise(subject, sessionId, authentication)
      if (!raised) throw problems.tokenRevoked('the session ended meanwhile')
      const { needs_second_factor: needsSecondFactor, seconds_left: secondsLeft, ...user } = raised
      return admit({ user, sessionId, authentication, needsSecondFactor, secondsLeft })
    },

    list: sessionsRepository(reads, lives).list,

    /**
     * Whether a token that names the role is of a session of an admin. It asks the database, because a front end with the
     * shared secret can make tokens with any role, but does not know the ids of sessions.
     */
    isOfAdmin: ({ subject, sessionId }: OwnToken) => sessions.isOfAdmin(subject, sessionId),

    use(id: string): void {
      used.set(id, Date.now())
    },

    writeUse,

    async end(userId: string, id: string, client: Client): Promise<boolean> {
      if (!(await sessions.remove(userId, id))) return false
      await revocations.settle()
      await log.record('session.ended', client, { user_id: userId, session_id: id })
      return true
    },

    async logOut(userId: string, token: AccessToken, client: Client): Promise<void> {
      if (token.issuer !== null) await revocations.revokeForeign(token)
      else {
        // A token without a row (older than the sessions table) must be revoked explicitly.
        if (!(await sessions.remove(userId, token.sessionId))) await revocations.revokeSession(token)
        await revocations.settle()
      }
      await log.record('logout', client, { user_id: userId, session_id: token.sessionId ?? null })
    },

    async endOthers(userId: string, token: AccessToken, client: Client): Promise<void> {
      if (token.issuer !== null) await revocations.revokeForeign(token, true)
      else {
        await db.transaction().execute(async (trx) => {
          // Waits for a concurrent password change to open its session first.
          await usersRepository(trx).hold(userId)
          await sessionsRepository(trx, lives).removeAll(userId, token.sessionId)
          await factorsRepository(trx).removeChallenges(userId)
        })
        await revocations.settle()
      }
      await log.record('sessions.ended', client, { user_id: userId })
    },

    hold,

    endAll: endAllSessions(lives),

    /** Ends the sessions that have proved no second factor, except the current one. Settle the revocations as above. */
    endWithoutSecondFactor: ({ subject, sessionId }: OwnToken, trx: Transaction<Database>) =>
      sessionsRepository(trx, lives).removeWithoutSecondFactor(subject, sessionId),

    async stop(): Promise<void> {
      clearInterval(timer)
      await writeUse()
    }
  }
}

export type Sessions = ReturnType<typeof createSessions>
