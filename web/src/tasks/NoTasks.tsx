import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import type { Filter } from './filter.ts'

/** Why the list is empty, and the way out. */
export function NoTasks({ filter, showAll }: { filter: Filter; showAll: () => void }) {
  if (filter.q)
    return (
      <EmptyState title="Nothing found">
        <p>
          No task has “<bdi>{filter.q}</bdi>” in its title or description.
        </p>
        <Button onClick={showAll}>Show all tasks</Button>
      </EmptyState>
    )
  if (filter.status === 'pending')
    return <EmptyState title="All done">Nothing is left to do. Leave the gate open for a while.</EmptyState>
  if (filter.status === 'completed')
    return <EmptyState title="Nothing done yet">What you complete will be found here.</EmptyState>
  return <EmptyState title="No tasks yet">Write down the first one above.</EmptyState>
}
