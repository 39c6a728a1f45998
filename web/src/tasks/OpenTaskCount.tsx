import { useDeletions } from './deletions.ts'
import { openTasks } from './filter.ts'
import { useTasks } from './useTasks.ts'

/** How many tasks are open, with changes that are still being sent. The view "To do" shares its data. */
export function OpenTaskCount() {
  const { query, tasks } = useTasks(openTasks)
  const deletions = useDeletions()
  const count = tasks.filter(({ id }) => !deletions.has(id)).length
  if (!query.data || count === 0) return null
  return (
    <span className="count">
      {count}
      {query.hasNextPage && '+'}
      <span className="count-unit"> to do</span>
    </span>
  )
}
