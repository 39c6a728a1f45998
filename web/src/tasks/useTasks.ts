import { useMemo } from 'react'
import type { Task } from '../api/types.ts'
import type { Filter } from './filter.ts'
import { usePendingAdditions, usePendingChanges, usePendingRemovals } from './mutations.ts'
import { useTaskPages } from './queries.ts'

const belongs = (task: Task, { status }: Filter) => status === 'all' || task.completed === (status === 'completed')

/**
 * The list as the person should see it: what the server gave, with everything on its way to the server laid over it. When the
 * server refuses, its layer goes, and what was there shows again.
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
    /** Without what is laid over it; undefined while another view's answer stands in. */
    given: query.isPlaceholderData ? undefined : given,
    saving,
    tasks: tasks.filter((task) => !removals.has(task.id) && belongs(task, filter))
  }
}
