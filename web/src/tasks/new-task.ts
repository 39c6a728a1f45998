import type { Task } from '../api/types.ts'

/** A task as shown before the server has given it an id, with its idempotency key. */
export interface NewTask extends Task {
  key: string
}

let made = 0

/** A random UUID. On pages from plain HTTP there is no `crypto.randomUUID`. */
function randomKey(): string {
  if ('randomUUID' in crypto) return crypto.randomUUID()
  const hex = Array.from((crypto as Crypto).getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0')
  ).join('')
  return hex.replace(/(.{8})(.{4}).(.{3}).(.{3})(.{12})/, '$1-$2-4$3-a$4-$5')
}

/** A text that was `tried` before, and possibly added without an answer, keeps its key. */
export function newTask(title: string, text: string, tried?: NewTask): NewTask {
  made += 1
  const now = new Date().toISOString()
  const description = text === '' ? null : text
  const isSame = tried?.title === title && tried.description === description
  return {
    id: `new-${made}`,
    key: isSame ? tried.key : randomKey(),
    title,
    description,
    completed: false,
    created_at: now,
    updated_at: now
  }
}
