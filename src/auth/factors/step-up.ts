import type { Kysely, Transaction } from 'kysely'
import type { AuthResponse, StepUp } from '../../../schemas/users.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import type { Mail } from '../../mail/mail.ts'
import { factorsRepository } from '../../repositories/factors.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import { createPasswordChecks } from '../passwords/password-checks.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { AccessToken, OwnToken } from '../tokens/claims.ts'
import type { Codes } from './codes.ts'
import { methodsOf } from './factors.ts'
import type { Passkeys } from './passkeys.ts'

/** Seconds for which a user counts as having just proved who they are. */
export const maxAge = 10 * 60

/** Seconds since another issuer's token was issued. We have nothing of its user to check. */
export const maxTokenAge = 5 * 60

interface Parts {
  passwords: Passwords
  codes: Codes
  passkeys: Pick<Passkeys, 'raise'>
  sessions: Pick<Sessions, 'raise'>
  throttle: Throttle
  log: SecurityLog
  mail: Pick<Mail, 'wake'>
  clock: () => number
}

/** Throws `step_up_required` for a user of another issuer, naming it. */
export function ownSession(token: AccessToken): OwnToken {
  if (token.issuer !== null) throw problems.stepUpRequired({ maxAge, issuer: token.issuer })
  return token
}

/** Asks a signed-in user again who they are, before it matters (RFC 9470; OWASP ASVS 5.0, 7.5.1). */
export function createStepUp(db: Kysely<Database>, parts: Parts) {
  const { codes, passkeys, sessions, log, mail, clock } = parts
  const checks = createPasswordChecks(usersRepository(db), parts)
  const factors = factorsRepository(db)

  /** The row of the session can know more than the token: turning a factor on proves it, and issues no token. */
  async function checkSecondFactor({ subject, sessionId }: OwnToken): Promise<void> {
    const { is_needed, is_proved } = await factors.findProof(subject, sessionId, clock() / 1000 - maxAge)
    if (is_needed && !is_proved) throw problems.stepUpRequired({ maxAge, isSecondFactor: true })
  }

  const isFresh = ({ authTime = Number.NEGATIVE_INFINITY }: OwnToken) => clock() / 1000 - authTime <= maxAge
  const hasProved = (token: OwnToken) => isFresh(token) && token.amr.includes('mfa')

  function check(token: AccessToken | undefined): Promise<void> | undefined {
    const own = token && ownSession(token)
    if (!own || !isFresh(own)) throw problems.stepUpRequired({ maxAge })
    return hasProved(own) ? undefined : checkSecondFactor(own)
  }

  async function byPassword(token: OwnToken, password: string | undefined, client: Client): Promise<AuthResponse> {
    const methods = methodsOf(await factors.find(token.subject))
    if (methods.length > 0) throw problems.secondFactorRequired({ methods })
    await checks.confirm(token.subject, { pointer: '/password', password }, client)
    return db.transaction().execute((trx) => sessions.raise(token, ['pwd'], trx))
  }

  async function byCode(token: OwnToken, code: string, client: Client): Promise<AuthResponse> {
    const { subject: user_id, sessionId: session_id } = token
    const raise = async (trx: Transaction<Database>) => {
      const user = await usersRepository(trx).hold(user_id)
      const used = user && (await codes.use(user, code, client, trx))
      return used && { used, raised: await sessions.raise(token, ['otp', 'mfa'], trx) }
    }
    const { used, raised } = await codes.limit(user_id, client, () => db.transaction().execute(raise))
    if (used === 'recovery_code.used') mail.wake()
    await log.record(used, client, { user_id, session_id })
    return raised
  }

  return {
    /**
     * Throws `step_up_required`, also for a token that does not say when its user proved who they are. A user who has a
     * second factor must have proved it. A promise only if a query is needed.
     */
    check,

    /** The same for users of ours. A token of another issuer must have been issued within five minutes. */
    checkOrFreshToken(token: AccessToken | undefined): Promise<void> | undefined {
      if (!token || token.issuer === null) return check(token)
      const { issuer, issuedAt } = token
      if (clock() / 1000 - issuedAt > maxTokenAge) throw problems.freshTokenRequired({ maxAge: maxTokenAge, issuer })
      return undefined
    },

    /** Throws `step_up_required` for users of ours who have a second factor, and have not proved it lately, and without a token. */
    checkIfSecondFactor(token: AccessToken | undefined): Promise<void> | undefined {
      if (!token) throw problems.stepUpRequired({ maxAge })
      return token.issuer === null && !hasProved(token) ? checkSecondFactor(token) : undefined
    },

    /**
     * Throws as a login does, `step_up_required` for another issuer's token, `token_revoked`, and `second_factor_required`
     * for a password where the user has a second factor.
     */
    async stepUp(token: AccessToken, given: StepUp, client: Client): Promise<AuthResponse> {
      const own = ownSession(token)
      if (Object.keys(given).length !== 1)
        throw problems.validationFailed([{ pointer: '', message: 'must have either password, code or credential' }])
      const { password, code, credential } = given
      const raise = async () => {
        if (credential) return passkeys.raise(own, credential, client)
        return code === undefined ? byPassword(own, password, client) : byCode(own, code, client)
      }
      const raised = await raise()
      await log.record('step_up', client, { user_id: own.subject, session_id: own.sessionId })
      return raised
    }
  }
}

export type StepUps = ReturnType<typeof createStepUp>
