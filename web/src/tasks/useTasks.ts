import { useMemo } from 'react'
import type { Task } from '../api/types.ts'
import type { Filter } from './filter.ts'
import { usePendingAdditions, usePendingChanges, usePendingRemovals } from './mutations.ts'
import { useTaskPages } from './queries.ts'

const belongs = (task: Task, { status }: Filter) => status === 'all' || task.completed === (status === 'completed')

/**
 * The list as shown: the server's data with pending changes applied. When the server refuses a change, it is no longer
 * applied, and the previous state shows again.
 */
export function useTasks(filter: Filter) {
  const query = useTaskPages(filter)
  const additions = usePendingAdditions()
  const changes = usePendingChanges()
  const removals = new Set(usePendingRemovals().map(({ id }) => id))

  const given = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data])
  const byId = new Map(given?.map((task) => [task.id, task]))
  for (const { task, patch } of changes) {
    const current = byId.get(task.id)
    if (current) byId.set(task.id, { ...current, ...patch })
  }
  const saving = new Set([...additions, ...changes.map(({ task }) => task)].map(({ id }) => id))
  const tasks = [...additions.toReversed(), ...byId.values()]
  return {
    query,
    /** Without pending changes; undefined while another view's data is the placeholder. */
    given: query.isPlaceholderData ? undefined : given,
    saving,
    tasks: tasks.filter((task) => !removals.has(task.id) && belongs(task, filter))
  }
}
