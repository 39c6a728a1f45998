import type { Kysely } from 'kysely'
import type { Config } from './config/config.ts'
import type { Database } from './database/tables.ts'
import { idempotencyKeysRepository } from './repositories/idempotency-keys.ts'
import { revocationsRepository } from './repositories/revocations.ts'
import { securityEventsRepository } from './repositories/security-events.ts'
import { sessionsRepository } from './repositories/sessions.ts'
import { fillTaskKeys } from './repositories/task-key-filling.ts'

/** Milliseconds. Every process does it; what another has let go of already costs nothing. */
const interval = 60 * 60 * 1000

interface Log {
  warn: (details: object, message: string) => void
}

/** Lets go of sessions, revocations and idempotency keys that have expired, and of security events that are old enough. */
export async function tidy(db: Kysely<Database>, config: Config): Promise<void> {
  await sessionsRepository(db, config).removeExpired()
  await revocationsRepository(db).removeExpired()
  await idempotencyKeysRepository(db).removeExpired()
  await securityEventsRepository(db).removeOlderThan(config.securityEventTtl)
  // What processes of the release before wrote beside this one.
  await fillTaskKeys(db)
}

/** Tidies once an hour. Returns how to stop. */
export function keepTidy(db: Kysely<Database>, config: Config, log: Log): () => void {
  const work = () => tidy(db, config).catch((err) => log.warn({ err }, 'not tidied'))
  const timer = setInterval(work, interval).unref()
  return () => clearInterval(timer)
}
