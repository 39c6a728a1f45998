import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type AuditEvent, auditEventsRepository } from '../repositories/audit-events.ts'

/** Events in memory at a time. */
const pageSize = 1_000

const hex = (bytes: Buffer | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

export interface ExportedPage {
  lines: string
  /** Of the last event. */
  position: number
}

/** Yields sealed events after a position as NDJSON, page by page, with all that is needed to verify them elsewhere. */
export async function* exportPages(db: Kysely<Database>, after: number, size = pageSize): AsyncGenerator<ExportedPage> {
  const audit = auditEventsRepository(db)
  let page = await audit.after(after, size)
  while (page.length > 0) {
    const { position } = page.at(-1) as AuditEvent
    const lines = page
      .map((event) => {
        const { position, hash, client_salt, client_commitment, reason_salt, reason_commitment, ...rest } = event
        const binary = { hash, client_salt, client_commitment, reason_salt, reason_commitment }
        const texts = Object.entries(binary).map(([name, bytes]) => [name, hex(bytes)])
        return `${JSON.stringify({ position, ...rest, ...Object.fromEntries(texts) })}\n`
      })
      .join('')
    yield { lines, position }
    page = await audit.after(position, size)
  }
}
