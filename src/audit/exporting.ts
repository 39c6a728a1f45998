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

interface Reader {
  /** Returns false once nobody takes more. */
  write: (lines: string) => Promise<boolean>
  onTaken: (position: number) => void
  /** An exit code, once somebody pressed Ctrl+C. */
  interrupted: () => number | undefined
}

/** Writes pages until there are no more, or nobody wants more. Only a page that was written whole is taken. */
export async function exportTo(
  { write, onTaken, interrupted }: Reader,
  db: Kysely<Database>,
  after: number,
  size = pageSize
): Promise<number | undefined> {
  for await (const { lines, position } of exportPages(db, after, size)) {
    if (!(await write(lines))) return undefined
    onTaken(position)
    const code = interrupted()
    if (code !== undefined) return code
  }
  return undefined
}
