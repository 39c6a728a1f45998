import type { Transaction } from 'kysely'
import { type Client, operatorAddress } from '../auth/client.ts'
import type { SecurityLog } from '../auth/security-log.ts'
import type { Database } from '../database/tables.ts'
import type { ActorKind, SecurityEventName } from '../repositories/security-events.ts'

/** Who operates: an admin, by an access token, or somebody at the command line, by the name of their system account. */
export type Actor = { id: string; client: Client } | { name: string }

export interface Operation {
  event: SecurityEventName
  actor: Actor
  /** The id of the user concerned. Null: it concerns the service or many users. */
  subject: string | null
  reason: string
}

/** What mails tell users of an operator's request: neither address nor browser. */
export const operatorClient: Client = { ip: operatorAddress, prefix: operatorAddress, userAgent: null }

/**
 * Records what operators do, with actor, subject and reason, in the transaction that does it. Call the returned function
 * after the commit.
 */
export function createOperatorLog(
  securityLog: Pick<SecurityLog, 'recordWithin'>,
  log: { info: (details: object, message: string) => void }
) {
  return async function record(trx: Transaction<Database>, { event, actor, subject, reason }: Operation) {
    const isAdmin = 'id' in actor
    // The user concerned does not see it (src/repositories/security-events.ts).
    const client = isAdmin ? actor.client : { ...operatorClient, userAgent: `command line of ${actor.name}` }
    const doer: { kind: ActorKind; id?: string } = isAdmin ? { kind: 'admin', id: actor.id } : { kind: 'command' }
    const committed = await securityLog.recordWithin(trx, event, client, { user_id: subject, actor: doer, reason })
    return () => {
      log.info({ event, actor: isAdmin ? { id: actor.id } : actor, subject, reason }, 'operation')
      committed()
    }
  }
}

export type RecordOperation = ReturnType<typeof createOperatorLog>
