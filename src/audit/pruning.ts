import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import type { RecordCommand } from '../operator/command-log.ts'
import { auditEventsRepository } from '../repositories/audit-events.ts'
import { sealEvents } from './sealing.ts'

/** Events in a transaction. */
const batch = 50_000

interface Options {
  onProgress?: (removed: number) => void
  size?: number
}

/**
 * Removes the oldest events up to the first that is not older than `before`, and keeps the hash that the rest starts from.
 * Each batch is removed in the transaction that records it. An interrupted run can be repeated. Returns how many were
 * removed.
 */
export async function prune(
  db: Kysely<Database>,
  before: string,
  record: RecordCommand,
  { onProgress = () => {}, size = batch }: Options = {}
): Promise<number> {
  let removed = 0
  let count: number
  do {
    count = await db.transaction().execute(async (trx) => {
      const audit = auditEventsRepository(trx)
      await audit.waitToClaim()
      const gone = await audit.prune(before, size)
      if (gone > 0) {
        const { position } = await audit.start()
        await record(trx, 'audit.pruned', `before ${before}: ${gone} events, up to position ${position}`)
      }
      return gone
    })
    removed += count
    onProgress(removed)
  } while (count === size)
  await sealEvents(db)
  return removed
}
