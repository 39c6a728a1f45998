import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { createAccounts } from '../../src/auth/accounts.ts'
import { createAuth } from '../../src/auth/auth.ts'
import type { Client } from '../../src/auth/client.ts'
import { createStepUp } from '../../src/auth/factors/step-up.ts'
import { createPasswords } from '../../src/auth/passwords/passwords.ts'
import { createSecurityLog } from '../../src/auth/security-log.ts'
import type { Config } from '../../src/config/config.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { throttleBy } from './throttle.ts'

type Parts = Parameters<typeof createAccounts>[1]

export const clientAt = (ip: string): Client => ({ ip, prefix: ip, userAgent: 'tap' })

/** Accounts on an app's database, with some parts replaced. */
export function accountsOn(t: Test, app: FastifyInstance, config: Config, others: Partial<Parts> = {}) {
  const clock = others.clock ?? Date.now
  const { sessions, revocations, mail, recovery, challenges, codes, passkeys } = createAuth(config, app.db, {
    jwt: app.jwt,
    log: app.log,
    clock
  })
  t.teardown(() => {
    revocations.stop()
    return sessions.stop()
  })
  const parts: Parts = {
    passwords: createPasswords(config),
    sessions,
    revocations: app.revocations,
    challenges,
    throttle: throttleBy(clock, config.rateLimit),
    log: createSecurityLog(securityEventsRepository(app.db), app.log),
    mail,
    limitChanges: (_change, _userId, work) => work(),
    countRequest: recovery.countRequest,
    settings: config,
    clock,
    ...others
  }
  return { ...createAccounts(app.db, parts), ...createStepUp(app.db, { ...parts, codes, passkeys }) }
}
