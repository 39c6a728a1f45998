import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { NewTask, Task } from '../../schemas/tasks.ts'
import type { Database } from '../database/tables.ts'
import { idempotencyKeysRepository } from '../repositories/idempotency-keys.ts'
import { type TaskQuota, tasksRepository } from '../repositories/tasks.ts'
import { problems } from './problems.ts'

/** A String of RFC 8941, section 3.3.3, or the same without quotes, as most clients send it. */
const readable = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"|([\w.:~+/=-]{1,255}))$/

interface Asked {
  userId: string
  header: string
  path: string
}

/** Creates a task once per key (draft-ietf-httpapi-idempotency-key-header-07): later requests get the first one's answer. */
export function createTaskOnce(db: Kysely<Database>, quota: TaskQuota) {
  const tasks = tasksRepository(db, quota)
  const keys = idempotencyKeysRepository(db)

  return async function taskOnce({ userId, header, path }: Asked, body: NewTask) {
    const [, quoted, bare] = readable.exec(header) ?? []
    const key = quoted ?? bare
    if (key === undefined) throw problems.malformedRequest('The Idempotency-Key is unreadable: 1 to 255 characters')
    const { title, description = null } = body
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([path, title, description]))
      .digest()
    const claim = { userId, key, fingerprint }
    const made = await tasks.insertOnce(claim, body)
    if (made) return { task: made, replayed: false }
    const earlier = await keys.find(claim)
    if (!earlier) throw problems.idempotencyInProgress()
    const { id, created_at, isSame } = earlier
    if (!isSame) throw problems.idempotencyMismatch()
    // The fingerprint guarantees the same body, so only id and time are stored.
    const task: Task = { id, title, description, completed: false, created_at, updated_at: created_at }
    return { task, replayed: true }
  }
}
