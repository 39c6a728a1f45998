import type { Filter } from '../tasks/filter.ts'
import { api } from './gatehouse.ts'
import type { TaskPatch } from './types.ts'

const limit = 30

/** One page of a view; `signal` cancels the request. */
export function listTasks({ status, order: chosen, q }: Filter, cursor: string | undefined, signal: AbortSignal) {
  const [sort, order] = chosen.split('-') as ['created' | 'title', 'asc' | 'desc']
  const query = { status, sort, order, limit, ...(q && { q }), ...(cursor && { cursor }) }
  return api.GET('/api/tasks', { params: { query }, signal })
}

/** One page of all completed tasks. */
export const listCompleted = (cursor: string | null | undefined) =>
  api.GET('/api/tasks', { params: { query: { status: 'completed', limit: 100, ...(cursor && { cursor }) } } })

/** A retry with the same `key` adds nothing, and returns the first answer. */
export const addTask = (body: { title: string; description: string | null }, key: string) =>
  api.POST('/api/tasks', { params: { header: { 'Idempotency-Key': `"${key}"` } }, body })

export const changeTask = (id: string, body: TaskPatch) =>
  api.PUT('/api/tasks/{id}', { params: { path: { id } }, body })

/** With `keepalive` the browser completes the request after the page closes. */
export const deleteTask = (id: string, keepalive: boolean) =>
  api.DELETE('/api/tasks/{id}', { params: { path: { id } }, keepalive })
