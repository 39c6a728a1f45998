import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { auditEventsRepository, type Link, type Seal, type Unsealed } from '../repositories/audit-events.ts'
import { clientOf, commitmentTo, hashOf, saltFor } from './chain.ts'

/** Milliseconds that events wait, so that one transaction seals those of many requests. */
export const sealDelay = 1_000
/** Events in a transaction. */
const batch = 500

function seal(event: Unsealed, previous: Link): Seal {
  // It was recorded while, or after, its user was deleted. Operators' events keep the operator's client.
  const client = event.is_user_gone && event.actor_id === null ? [null] : clientOf(event)
  const client_salt = saltFor(client)
  const reason_salt = saltFor([event.reason])
  const commitments = {
    client_commitment: commitmentTo(client_salt, client),
    reason_commitment: commitmentTo(reason_salt, [event.reason])
  }
  const position = previous.position + 1
  const hash = hashOf(previous.hash, position, { ...event, ...commitments })
  return { id: event.id, position, hash, client_salt, reason_salt, ...commitments }
}

interface SealOptions {
  /** Events in a transaction. */
  size?: number
  isStopped?: () => boolean
  /** Called after each transaction, with the number of events sealed so far. */
  onProgress?: (sealed: number) => void
}

/**
 * Gives events their place in the chain, in batches. One process at a time does it. Returns whether none is left: not
 * while another process seals, nor when it was stopped. A run that was interrupted can be repeated.
 */
export async function sealEvents(
  db: Kysely<Database>,
  { size = batch, isStopped = () => false, onProgress = () => {} }: SealOptions = {}
): Promise<boolean> {
  let after: Unsealed | undefined
  let total = 0
  do {
    const sealed = await db.transaction().execute(async (trx) => {
      const events = auditEventsRepository(trx)
      if (!(await events.claim())) return undefined
      const seals: Seal[] = []
      const unsealed = await events.unsealed(size, after)
      after = unsealed.at(-1)
      if (unsealed.length === 0) return 0
      let last: Link = await events.head()
      for (const event of unsealed) {
        const next = seal(event, last)
        seals.push(next)
        last = next
      }
      await events.seal(seals)
      return seals.length
    })
    if (sealed === undefined) return false
    total += sealed
    onProgress(total)
    if (sealed < size) return true
  } while (!isStopped())
  return false
}

interface Log {
  warn: (details: object, message: string) => void
}

/** Seals events soon after they were recorded. A process that records none does nothing. */
export function createSealer(db: Kysely<Database>, log: Log) {
  let timer: NodeJS.Timeout | undefined
  let running = Promise.resolve()
  let isStopped = false
  let isFailing = false

  async function run(): Promise<void> {
    try {
      const isDone = await sealEvents(db, { isStopped: () => isStopped })
      isFailing = false
      if (!isDone) wake()
    } catch (err) {
      // An outage is told once; each try fails.
      if (!isFailing) log.warn({ err }, 'security events not sealed; trying again')
      isFailing = true
      wake()
    }
  }

  function wake(): void {
    if (isStopped) return
    timer ??= setTimeout(() => {
      timer = undefined
      running = running.then(run)
    }, sealDelay).unref()
  }

  return {
    /** Call it after an event is committed. */
    wake,

    /** Seals a last batch, if something was recorded since the one before. */
    async stop(): Promise<void> {
      isStopped = true
      clearTimeout(timer)
      if (timer) running = running.then(run)
      timer = undefined
      await running
    }
  }
}

export type Sealer = ReturnType<typeof createSealer>
