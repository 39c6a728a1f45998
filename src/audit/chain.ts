import { createHash, randomBytes } from 'node:crypto'
import type { AuditEvent, ChainedEvent } from '../repositories/audit-events.ts'

const hex = (bytes: Buffer | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

/**
 * SHA-256 over the hash of the previous event and the event as a JSON array in UTF-8, so that no two events have the
 * same text. The first element names this format.
 */
export function hashOf(previous: Buffer, position: number, event: ChainedEvent): Buffer {
  const { id, at, actor, actor_id, user_id, session_id, times } = event
  const content = [
    ...['gatehouse.audit.1', position, id, at, event.event, actor, actor_id, user_id, session_id, times],
    ...[hex(event.client_commitment), hex(event.reason_commitment)]
  ]
  return createHash('sha256').update(previous).update(JSON.stringify(content)).digest()
}

/** SHA-256 over a salt and details. Once both are erased, nobody can guess them from it. Without details: null. */
export function commitmentTo(salt: Buffer | null, details: readonly (string | null)[]): Buffer | null {
  if (salt === null) return null
  return createHash('sha256').update(salt).update(JSON.stringify(details)).digest()
}

export const saltFor = (details: readonly (string | null)[]): Buffer | null =>
  details.some((detail) => detail !== null) ? randomBytes(16) : null

export const clientOf = ({
  address,
  user_agent,
  request_id
}: Pick<AuditEvent, 'address' | 'user_agent' | 'request_id'>) => [address, user_agent, request_id]
