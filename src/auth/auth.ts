import type { Kysely } from 'kysely'
import type { Config } from '../config/config.ts'
import { listen } from '../database/listener.ts'
import type { Database } from '../database/tables.ts'
import type { SharedCounts } from '../redis/redis.ts'
import { createWindows } from '../redis/windows.ts'
import { revocationsRepository } from '../repositories/revocations.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import { usersRepository } from '../repositories/users.ts'
import { andThen } from '../util/and-then.ts'
import { createAccounts } from './accounts.ts'
import { createForeignUsers } from './foreign-users.ts'
import { createPasswords } from './passwords/passwords.ts'
import { type Announcements, createRevocations } from './revocations/revocations.ts'
import { createSecurityLog } from './security-log.ts'
import { createSessions } from './sessions.ts'
import { createThrottle, remembered } from './throttle/throttle.ts'
import { createAccessTokens } from './tokens/access-tokens.ts'
import type { AccessToken } from './tokens/claims.ts'
import { createIssuer } from './tokens/issuers.ts'
import { createRefreshTokens } from './tokens/refresh-tokens.ts'
import { createVerifier } from './tokens/verifier.ts'

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

interface Surroundings {
  /** Where what only reads goes. */
  reads?: Kysely<Database>
  /** What asks for revocations. */
  own?: Kysely<Database>
  /** Where all processes count together. */
  shared?: SharedCounts | undefined
  log: Log
  clock: () => number
}

/** Puts the parts of authentication together. */
export function createAuth(
  config: Config,
  db: Kysely<Database>,
  { reads = db, own = db, shared, log, clock }: Surroundings
) {
  const { directUrl } = config
  // The embedded database has no other process to hear from.
  const announcements: Announcements | undefined =
    directUrl === undefined
      ? undefined
      : (listener) => listen(directUrl, { channel: 'gatehouse_revocations', log, ...listener })
  const revocations = createRevocations(revocationsRepository(own), { ...config, announcements }, { clock })
  const securityLog = createSecurityLog(securityEventsRepository(db), log)
  const tokens = createAccessTokens(config, clock)
  const sessions = createSessions(db, config, {
    reads,
    tokens,
    refreshTokens: createRefreshTokens(config.secrets),
    revocations,
    log: securityLog
  })
  const passwords = createPasswords({ ...config, readKinds: usersRepository(db).hashKinds })
  const throttle = createThrottle(config.rateLimit, createWindows(shared, { kind: 'throttle', remembered, clock }))
  const accounts = createAccounts(db, {
    passwords,
    sessions,
    revocations,
    throttle,
    log: securityLog,
    clock
  })
  const issuers = config.issuers.map((trusted) => [trusted.issuer, createIssuer(trusted, log, { clock })] as const)
  const verify = createVerifier(tokens, new Map(issuers), clock)
  const foreignUsers = createForeignUsers(usersRepository(db), revocations, clock)

  /** The id of our user for whom a verified token speaks. Throws `token_revoked`, and `unavailable` when that cannot be known. */
  const identify = (token: AccessToken): string | Promise<string> =>
    andThen(revocations.check(token), () => (token.issuer === null ? token.subject : foreignUsers.identify(token)))
  return { accounts, sessions, verify, identify, revocations, passwords, securityEvents: securityLog.counts }
}
