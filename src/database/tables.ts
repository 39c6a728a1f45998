import type { Generated } from 'kysely'

export interface UserTable {
  id: string
  /** Who vouches for this user: null for those who registered here. */
  issuer: string | null
  /** The issuer's own id for this user; null for those who registered here. */
  subject: string | null
  email: string
  name: string
  password_hash: string | null
  is_active: Generated<boolean>
  created_at: Generated<string>
  updated_at: Generated<string>
}

export interface TaskTable {
  id: string
  user_id: string
  title: string
  description: string | null
  completed: Generated<boolean>
  created_at: Generated<string>
  updated_at: Generated<string>
}

export interface Database {
  users: UserTable
  tasks: TaskTable
}
