import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import type { Filter } from './filter.ts'

/** Explains why the list is empty, and what to do. */
export function NoTasks({ filter, showAll }: { filter: Filter; showAll: () => void }) {
  if (filter.q)
    return (
      <EmptyState title="No matching tasks">
        <p>
          No task contains “<bdi>{filter.q}</bdi>” in its title or description.
        </p>
        <Button onClick={showAll}>Show all tasks</Button>
      </EmptyState>
    )
  if (filter.status === 'pending') return <EmptyState title="All done">You have no open tasks.</EmptyState>
  if (filter.status === 'completed')
    return <EmptyState title="No completed tasks">Tasks that you complete appear here.</EmptyState>
  return <EmptyState title="No tasks yet">Add your first task above.</EmptyState>
}
