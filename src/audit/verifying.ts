import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type AuditEvent, auditEventsRepository, type Link } from '../repositories/audit-events.ts'
import { clientOf, commitmentTo, hashOf } from './chain.ts'

/** Events in memory at a time. */
const pageSize = 2_000

export interface Verdict {
  /** Events that were read. */
  events: number
  /** The position before the first event: 0, or where pruning ended. */
  start: number
  head: Link
  /** Where the chain breaks first, and how. Undefined: it does not. */
  broken?: { position: number; problem: string }
}

interface Options {
  /** A head of the past, which was kept outside of the database. */
  anchor?: Link | undefined
  onProgress?: (events: number) => void
  size?: number
}

const isKept = (commitment: Buffer | null, salt: Buffer | null, details: (string | null)[]) =>
  salt === null
    ? details.every((detail) => detail === null)
    : commitment !== null && commitmentTo(salt, details)?.equals(commitment)

function problemOf(event: AuditEvent, last: Link): string | undefined {
  if (!hashOf(last.hash, event.position, event).equals(event.hash))
    return 'the event was changed, or another one was put in its place'
  if (!isKept(event.client_commitment, event.client_salt, clientOf(event)))
    return 'the address, the user agent or the request id beside the event was changed'
  if (!isKept(event.reason_commitment, event.reason_salt, [event.reason]))
    return 'the reason beside the event was changed'
  return undefined
}

const endsBefore = ({ position }: Link, last: number, which: string) =>
  `the chain ends at ${last}, before the event ${position} ${which}`
const otherHash = 'the hash is another one than that which was sealed last'

/** Computes the whole chain again, page by page, up to the head that the database keeps. Stops at the first position that is wrong. */
export async function verify(
  db: Kysely<Database>,
  { anchor, onProgress = () => {}, size = pageSize }: Options = {}
): Promise<Verdict> {
  const audit = auditEventsRepository(db)
  // First, because the chain grows meanwhile.
  const kept = await audit.head()
  let start = await audit.start()
  let last = start
  let events = 0
  const verdict = (broken?: Verdict['broken']): Verdict => ({
    ...{ events, start: start.position, head: last },
    ...(broken && { broken })
  })
  const differs = (link: Link, from = anchor) => from?.position === link.position && !from.hash.equals(link.hash)
  const anchorProblem = 'the hash is another one than that of the given head'

  if (anchor && anchor.position < start.position)
    return verdict({
      position: anchor.position,
      problem: 'pruned, so the given head cannot be compared: use a later one'
    })
  if (differs(start)) return verdict({ position: start.position, problem: anchorProblem })
  const stray = await audit.beforeStart()
  if (stray !== undefined) return verdict({ position: stray, problem: 'an event is before the start of the chain' })
  let page: AuditEvent[]
  do {
    page = await audit.after(last.position, size)
    for (const event of page) {
      if (event.position !== last.position + 1) {
        const moved = await audit.start()
        // Pruned since this began: the rest is verified from there.
        if (moved.position <= last.position)
          return verdict({ position: last.position + 1, problem: 'the event is missing' })
        start = moved
        last = moved
        break
      }
      const problem = problemOf(event, last)
      if (problem) return verdict({ position: event.position, problem })
      if (differs(event)) return verdict({ position: event.position, problem: anchorProblem })
      if (differs(event, kept)) return verdict({ position: event.position, problem: otherHash })
      last = { position: event.position, hash: event.hash }
      events += 1
    }
    onProgress(events)
  } while (page.length > 0)
  if (anchor && anchor.position > last.position)
    return verdict({ position: last.position + 1, problem: endsBefore(anchor, last.position, 'of the given head') })
  if (kept.position > last.position)
    return verdict({ position: last.position + 1, problem: endsBefore(kept, last.position, 'that was sealed last') })
  return verdict()
}
