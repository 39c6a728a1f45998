import { Suspense, useEffect } from 'react'
import { ClearCompleted, EditingRow, fetchEditor, MoreTasks } from '../pages.ts'
import { ErrorState } from '../ui/ErrorState.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'
import { useClearing } from './clearing.ts'
import { DeletedRow } from './DeletedRow.tsx'
import { useDeletions } from './deletions.ts'
import { useDrafts } from './editing.ts'
import type { Filter } from './filter.ts'
import { NoTasks } from './NoTasks.tsx'
import { TaskRow } from './TaskRow.tsx'
import { useGoneElsewhere } from './useGoneElsewhere.ts'
import { useTasks } from './useTasks.ts'
import './task-list.css'

interface Props {
  filter: Filter
  onChange: (change: Partial<Filter>) => void
}

export function TaskList({ filter, onChange }: Props) {
  const { query, tasks, given, saving } = useTasks(filter)
  const deletions = useDeletions()
  const drafts = useDrafts()
  const isClearing = useClearing() !== undefined
  useGoneElsewhere(filter, given, !query.hasNextPage)

  const hasTasks = tasks.length > 0
  useEffect(() => {
    if (hasTasks) fetchEditor()
  }, [hasTasks])

  const nothing = !hasTasks && !query.hasNextPage
  const shown = new Set(tasks.map(({ id }) => id))
  const canClear = filter.status === 'completed' && filter.q === '' && hasTasks
  // A task being edited stays visible, even if it was deleted or filtered out.
  const strays = [...drafts.values()].filter((draft) => !shown.has(draft.task.id))
  return (
    <div className="sheet task-list" aria-busy={query.isPlaceholderData}>
      {(isClearing || canClear) && (
        <Suspense fallback={<div className="clear" />}>
          <ClearCompleted />
        </Suspense>
      )}
      <ul className="tasks" aria-label="Tasks" data-old={query.isPlaceholderData}>
        {strays.map((draft) => (
          <Suspense key={draft.task.id}>
            <EditingRow draft={draft} />
          </Suspense>
        ))}
        {tasks.map((task) => {
          const draft = drafts.get(task.id)
          if (!draft && deletions.has(task.id)) return <DeletedRow key={task.id} task={task} />
          const row = (
            <TaskRow key={task.id} task={task} saving={saving.has(task.id)} leaves={filter.status !== 'all'} />
          )
          if (!draft) return row
          return (
            <Suspense key={task.id} fallback={row}>
              <EditingRow draft={draft} />
            </Suspense>
          )
        })}
      </ul>
      {query.isPending && <Skeleton label="Loading your tasks" />}
      {query.isError && !query.data && (
        <ErrorState what="Your tasks" error={query.error} retry={() => void query.refetch()} />
      )}
      {query.isSuccess && nothing && strays.length === 0 && <NoTasks filter={filter} onChange={onChange} />}
      {query.hasNextPage && (
        <Suspense>
          <MoreTasks query={query} shown={tasks.length} />
        </Suspense>
      )}
    </div>
  )
}
