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

/** Deletes expired rows of every kind, and seals with the current secret what an older one sealed. */
export async function deleteExpired(db: Kysely<Database>, config: Config): Promise<void> {
  await sessionsRepository(db, config).removeExpired()
  await revocationsRepository(db).removeExpired()
  await idempotencyKeysRepository(db).removeExpired()
  await outboxRepository(db).removeDone()
  await mailTokensRepository(db).removeExpired()
  await signUpsRepository(db).removeExpired()
  await emailChangesRepository(db).removeExpired()
  await factorsRepository(db).removeExpired()
  await passkeysRepository(db).removeExpired()
  await signingKeysRepository(db).removeExpired()
  await personalTokensRepository(db).removeExpired()
  // Those of a process that was killed.
  await sealEvents(db)
  await auditEventsRepository(db).eraseClientsOlderThan(config.securityEventTtl)
  await resealTotpSecrets(db, config.secrets)
  await resealSigningKeys(db, config)
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
