import type { Kysely, Transaction } from 'kysely'
import { createSecurityLog } from '../auth/security-log.ts'
import type { Database } from '../database/tables.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import { createOperatorLog, type Operation } from './operator-log.ts'
import { systemAccount } from './terminal.ts'

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/**
 * Records what a command does that concerns the service or many users, in the transaction that does it, with the system
 * account that ran it.
 */
export function createCommandLog(db: Kysely<Database>, log: Log, name = systemAccount()) {
  const record = createOperatorLog(createSecurityLog(securityEventsRepository(db), log), log)
  return (trx: Transaction<Database>, event: Operation['event'], reason: string) =>
    record(trx, { ...{ event, reason }, actor: { name }, subject: null })
}

export type RecordCommand = ReturnType<typeof createCommandLog>
