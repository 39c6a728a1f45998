import type { Kysely } from 'kysely'
import { createSecurityLog } from '../auth/security-log.ts'
import type { Database } from '../database/tables.ts'
import { auditEventsRepository } from '../repositories/audit-events.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import { sealEvents } from './sealing.ts'

/** Events in a transaction. */
const batch = 10_000

const nobody = { ip: '', prefix: '', userAgent: null }

interface Options {
  onProgress?: (removed: number) => void
  size?: number
}

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

/**
 * Removes the oldest events up to the first that is not older than `before`, and keeps the hash that the rest starts from.
 * The removal is an event itself. An interrupted run can be repeated. Returns how many were removed.
 */
export async function prune(
  db: Kysely<Database>,
  before: string,
  log: Log,
  { onProgress = () => {}, size = batch }: Options = {}
): Promise<number> {
  const security = createSecurityLog(securityEventsRepository(db), log)
  let removed = 0
  let count: number
  do {
    count = await db.transaction().execute(async (trx) => {
      const audit = auditEventsRepository(trx)
      await audit.waitToClaim()
      return audit.prune(before, size)
    })
    removed += count
    onProgress(removed)
  } while (count === size)
  if (removed > 0) {
    const { position } = await auditEventsRepository(db).start()
    const reason = `before ${before}: ${removed} events, up to position ${position}`
    await security.record('audit.pruned', nobody, { actor: { kind: 'command' }, reason })
    await sealEvents(db)
  }
  return removed
}
