import { type InfiniteData, keepPreviousData, type Query, useInfiniteQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { listTasks } from '../api/tasks.ts'
import type { Task, TaskPage } from '../api/types.ts'
import type { Filter } from './filter.ts'
import { removedHere } from './our-doing.ts'

type Lists = InfiniteData<TaskPage, string | undefined>

const key = ['tasks'] as const
const isUnderWay = ({ state }: Query) => state.fetchStatus !== 'idle'

/** The pages of one view of the list, as the server gave them. A filter that changes cancels what is still on its way. */
export function useTaskPages(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [...key, filter],
    queryFn: ({ pageParam, signal }) => listTasks(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData
  })
}

/** A task as the server last gave it, without what is on its way there. */
export function givenTask(id: string): Task | undefined {
  const views = queries.getQueriesData<Lists>({ queryKey: key, type: 'active' })
  const pages = views.flatMap(([, lists]) => lists?.pages ?? [])
  return pages.flatMap(({ items }) => items).find((task) => task.id === id)
}

/** Changes what every view holds. Those that are not on the screen are fetched anew when they are next looked at. */
function mapItems(change: (items: Task[], pageIndex: number) => Task[]): void {
  const underWay = queries.getQueryCache().findAll({ queryKey: key, predicate: isUnderWay }).length > 0
  // An answer still on its way was read before this change, and would undo it: it is asked for again.
  void queries.cancelQueries({ queryKey: key })
  queries.setQueriesData<Lists>(
    { queryKey: key },
    (lists) =>
      lists && { ...lists, pages: lists.pages.map((page, index) => ({ ...page, items: change(page.items, index) })) }
  )
  void queries.invalidateQueries({ queryKey: key, refetchType: underWay ? 'active' : 'none' })
}

export const replaceTask = (task: Task) => mapItems((items) => items.map((item) => (item.id === task.id ? task : item)))

export function removeTask(id: string): void {
  removedHere.add(id)
  mapItems((items) => items.filter((item) => item.id !== id))
}

export const prependTask = (task: Task) => mapItems((items, index) => (index === 0 ? [task, ...items] : items))
