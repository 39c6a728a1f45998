import type { Task } from '../api/types.ts'

let made = 0

/** A task as it will look before the server has given it an id. */
export function newTask(title: string, description: string): Task {
  made += 1
  const now = new Date().toISOString()
  return {
    id: `new-${made}`,
    title,
    description: description === '' ? null : description,
    completed: false,
    created_at: now,
    updated_at: now
  }
}
