import type { Kysely } from 'kysely'
import { sealEvents } from './audit/sealing.ts'
import { resealTotpSecrets } from './auth/factors/totp-secrets.ts'
import { resealSigningKeys } from './auth/keys/rotation.ts'
import type { Config } from './config/config.ts'
import type { Database } from './database/tables.ts'
import { auditEventsRepository } from './repositories/audit-events.ts'
import { emailChangesRepository } from './repositories/email-changes.ts'
import { factorsRepository } from './repositories/factors.ts'
import { idempotencyKeysRepository } from './repositories/idempotency-keys.ts'
import { mailTokensRepository } from './repositories/mail-tokens.ts'
import { outboxRepository } from './repositories/outbox.ts'
import { passkeysRepository } from './repositories/passkeys.ts'
import { personalTokensRepository } from './repositories/personal-tokens.ts'
import { revocationsRepository } from './repositories/revocations.ts'
import { sessionsRepository } from './repositories/sessions.ts'
import { signUpsRepository } from './repositories/sign-ups.ts'
import { signingKeysRepository } from './repositories/signing-keys.ts'

/** Milliseconds. Every process does it; work that another one has done costs nothing. */
const interval = 60 * 60 * 1000

interface Log {
  warn: (details: object, message: string) => void
}

const tasks: ((db: Kysely<Database>, config: Config) => Promise<unknown>)[] = [
  (db, config) => sessionsRepository(db, config).removeExpired(),
  (db) => revocationsRepository(db).removeExpired(),
  (db) => idempotencyKeysRepository(db).removeExpired(),
  (db) => outboxRepository(db).removeDone(),
  (db) => mailTokensRepository(db).removeExpired(),
  (db) => signUpsRepository(db).removeExpired(),
  (db) => emailChangesRepository(db).removeExpired(),
  (db) => factorsRepository(db).removeExpired(),
  (db) => passkeysRepository(db).removeExpired(),
  (db) => signingKeysRepository(db).removeExpired(),
  (db) => personalTokensRepository(db).removeExpired(),
  // Those of a process that was killed.
  (db) => sealEvents(db),
  (db, config) => auditEventsRepository(db).eraseClientsOlderThan(config.securityEventTtl),
  (db, config) => resealTotpSecrets(db, config.secrets),
  (db, config) => resealSigningKeys(db, config)
]

/**
 * Deletes expired rows of every kind, and seals with the current secret what an older one sealed. A task that fails, for
 * example because a later release changed a table, does not stop the others. Throws the first error afterwards.
 */
export async function deleteExpired(db: Kysely<Database>, config: Config): Promise<void> {
  const errors: unknown[] = []
  for (const task of tasks) await task(db, config).catch((error) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

type Work = (db: Kysely<Database>) => Promise<unknown>

/** Deletes expired rows once an hour, and does what the product has to do. Returns a function that stops it. */
export function startHousekeeping(db: Kysely<Database>, config: Config, log: Log, ofProduct?: Work): () => void {
  const attempt = (work: Work) => work(db).catch((err) => log.warn({ err }, 'housekeeping failed'))
  const timer = setInterval(async () => {
    await attempt(() => deleteExpired(db, config))
    if (ofProduct) await attempt(ofProduct)
  }, interval).unref()
  return () => clearInterval(timer)
}
