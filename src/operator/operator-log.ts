import { type Client, operatorAddress } from '../auth/client.ts'
import type { SecurityLog } from '../auth/security-log.ts'
import type { SecurityEventName } from '../repositories/security-events.ts'

/** Who operates: an admin, by an access token, or somebody at the command line, by the name of their system account. */
export type Actor = { id: string; requestId: string } | { name: string }

export interface Operation {
  event: SecurityEventName
  actor: Actor
  /** The id of the user concerned. */
  subject: string
  reason: string
}

/** What users learn of an operator's request: neither address nor browser. */
export const operatorClient: Client = { ip: operatorAddress, prefix: operatorAddress, userAgent: null }

/** Records what operators do, with actor, subject and reason. */
export function createOperatorLog(
  securityLog: Pick<SecurityLog, 'record'>,
  log: { info: (details: object, message: string) => void }
) {
  return async function record({ event, actor, subject, reason }: Operation): Promise<void> {
    log.info({ event, actor, subject, reason }, 'operation')
    await securityLog.record(event, operatorClient, { user_id: subject })
  }
}

export type RecordOperation = ReturnType<typeof createOperatorLog>
