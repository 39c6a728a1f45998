import type { Kysely } from 'kysely'
import type { AuthResponse, StepUp } from '../../../schemas/users.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import { createPasswordChecks } from '../passwords/password-checks.ts'
import type { Passwords } from '../passwords/passwords.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { Throttle } from '../throttle/throttle.ts'
import type { AccessToken } from '../tokens/claims.ts'

/** Seconds for which a user counts as having just proved who they are. */
export const maxAge = 10 * 60

interface Parts {
  passwords: Passwords
  sessions: Pick<Sessions, 'raise'>
  throttle: Throttle
  log: SecurityLog
  clock: () => number
}

/** Asks a signed-in user again who they are, before it matters (RFC 9470; OWASP ASVS 5.0, 7.5.1). */
export function createStepUp(db: Kysely<Database>, parts: Parts) {
  const { sessions, log, clock } = parts
  const checks = createPasswordChecks(usersRepository(db), parts)

  return {
    /** Throws `step_up_required`, also for a token that does not say when its user proved who they are. */
    check(token: AccessToken | undefined): void {
      if (token && token.issuer !== null) throw problems.stepUpRequired(maxAge, token.issuer)
      const provedAt = token?.authTime ?? Number.NEGATIVE_INFINITY
      if (clock() / 1000 - provedAt > maxAge) throw problems.stepUpRequired(maxAge)
    },

    /** Throws as a login does, `step_up_required` for another issuer's token, and `token_revoked`. */
    async stepUp(token: AccessToken, { password }: StepUp, client: Client): Promise<AuthResponse> {
      if (token.issuer !== null) throw problems.stepUpRequired(maxAge, token.issuer)
      const { subject: user_id, sessionId: session_id } = token
      await checks.confirm(user_id, { pointer: '/password', password }, client)
      const raised = await sessions.raise(token, ['pwd'])
      await log.record('step_up', client, { user_id, session_id })
      return raised
    }
  }
}

export type StepUps = ReturnType<typeof createStepUp>
