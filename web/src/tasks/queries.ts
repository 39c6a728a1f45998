import { type InfiniteData, keepPreviousData, type Query, useInfiniteQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { listTasks } from '../api/tasks.ts'
import type { Task, TaskPage, TaskPatch } from '../api/types.ts'
import type { Filter } from './filter.ts'
import { changedHere } from './our-doing.ts'

type Lists = InfiniteData<TaskPage, string | undefined>

const key = ['tasks'] as const
const filterOf = ({ queryKey }: Query) => queryKey[1] as Filter
const isText = ({ title, description }: TaskPatch) => title !== undefined || description !== undefined

/** The pages of one view, as the server returned them. A new filter cancels pending requests. */
export function useTaskPages(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [...key, filter],
    queryFn: ({ pageParam, signal }) => listTasks(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData
  })
}

/** A task as the server last returned it, without pending changes. */
export function givenTask(id: string): Task | undefined {
  const views = queries.getQueriesData<Lists>({ queryKey: key, type: 'active' })
  const pages = views.flatMap(([, lists]) => lists?.pages ?? [])
  return pages.flatMap(({ items }) => items).find((task) => task.id === id)
}

type ChangeItems = (items: Task[], pageIndex: number, filter: Filter) => Task[]

/**
 * Updates a task in all cached views. Inactive views are refetched when they are next shown, an active one at once if
 * `moves`: the change may have moved the task there. Resolves when that is done.
 */
async function mapItems(change: ChangeItems, moves: (filter: Filter) => boolean = () => false): Promise<void> {
  const views = queries.getQueryCache().findAll({ queryKey: key })
  const underWay = views.some(({ state }) => state.fetchStatus !== 'idle')
  const isStale = (view: Query) => view.isActive() && moves(filterOf(view))
  const moved = views.some(isStale)
  // A pending answer was read before this change and would undo it, so it is requested again.
  void queries.cancelQueries({ queryKey: key })
  for (const view of views) {
    const changed = (page: TaskPage, index: number) => ({ ...page, items: change(page.items, index, filterOf(view)) })
    queries.setQueryData<Lists>(view.queryKey, (lists) => lists && { ...lists, pages: lists.pages.map(changed) })
  }
  void queries.invalidateQueries({ queryKey: key, refetchType: underWay ? 'active' : 'none' })
  if (moved) await queries.refetchQueries({ queryKey: key, predicate: isStale })
}

export const replaceTask = (task: Task, patch: TaskPatch) =>
  mapItems(
    (items) => items.map((item) => (item.id === task.id ? task : item)),
    ({ status, order, q }) =>
      (patch.title !== undefined && order.startsWith('title')) ||
      (isText(patch) && q !== '') ||
      // The header counts the open tasks, and may not have this one.
      (patch.completed === false && status === 'pending')
  )

export function removeTask(id: string): void {
  changedHere.add(id)
  void mapItems((items) => items.filter((item) => item.id !== id))
}

const isNewestFirst = ({ order, q }: Filter) => order === 'created-desc' && q === ''

/** Adds a new task at the top of the views where it belongs there. */
export const prependTask = (task: Task) =>
  mapItems(
    (items, index, filter) =>
      index === 0 && isNewestFirst(filter) ? [task, ...items.filter(({ id }) => id !== task.id)] : items,
    (filter) => !isNewestFirst(filter)
  )
