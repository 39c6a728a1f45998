import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type AuditEvent, auditEventsRepository } from '../repositories/audit-events.ts'

/** Events in memory at a time. */
const pageSize = 1_000

const hex = (bytes: Buffer | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

/**
 * Yields sealed events after a position as NDJSON, page by page, with all that is needed to verify them elsewhere. A page
 * that the reader has taken is reported.
 */
export async function* exportLines(
  db: Kysely<Database>,
  after: number,
  onTaken: (position: number) => void,
  size = pageSize
): AsyncGenerator<string> {
  const audit = auditEventsRepository(db)
  let page = await audit.after(after, size)
  while (page.length > 0) {
    yield page
      .map((event) => {
        const { position, hash, client_salt, client_commitment, reason_salt, reason_commitment, ...rest } = event
        const binary = { hash, client_salt, client_commitment, reason_salt, reason_commitment }
        const texts = Object.entries(binary).map(([name, bytes]) => [name, hex(bytes)])
        return `${JSON.stringify({ position, ...rest, ...Object.fromEntries(texts) })}\n`
      })
      .join('')
    const { position } = page.at(-1) as AuditEvent
    onTaken(position)
    page = await audit.after(position, size)
  }
}
