import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import { sections } from './personal-data.ts'

/** A foreign key to `users`. */
export interface UserReference {
  table: string
  constraint: string
  /** Whether deleting a user deletes or clears what refers to the user. */
  isReleased: boolean
}

/** Tables of ours that refer to users, beside those of `sections`. Those that are added later begin with `gatehouse_`. */
const others = ['security_events', 'sign_ins', 'tasks', 'task_usage']
const ours = new Set([...Object.keys(sections), ...others])

/** The foreign keys to `users` of tables that a product has made. */
export async function foreignReferences(db: Kysely<Database>): Promise<UserReference[]> {
  const { rows } = await sql<UserReference>`
    select relname as table, conname as constraint, confdeltype in ('c', 'n', 'd') as "isReleased"
    from pg_constraint join pg_class on pg_class.oid = conrelid
    where contype = 'f' and confrelid = to_regclass('users') and relnamespace = current_schema()::regnamespace
    order by relname, conname`.execute(db)
  return rows.filter(({ table }) => !ours.has(table) && !table.startsWith('gatehouse_'))
}
