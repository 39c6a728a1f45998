import { Button } from '../ui/Button.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import type { Filter } from './filter.ts'

const searched = { all: 'No task', pending: 'No open task', completed: 'No completed task' }

interface Props {
  filter: Filter
  onChange: (change: Partial<Filter>) => void
}

/** Explains why the list is empty, and what to do. */
export function NoTasks({ filter, onChange }: Props) {
  if (filter.q)
    return (
      <EmptyState title="No matching tasks">
        <p>
          {searched[filter.status]} contains “<bdi>{filter.q}</bdi>” in its title or description.
        </p>
        {filter.status === 'all' ? (
          <Button onClick={() => onChange({ q: '' })}>Clear the search</Button>
        ) : (
          <Button onClick={() => onChange({ status: 'all' })}>Search all tasks</Button>
        )}
      </EmptyState>
    )
  if (filter.status === 'pending') return <EmptyState title="All done">You have no open tasks.</EmptyState>
  if (filter.status === 'completed')
    return <EmptyState title="No completed tasks">Tasks that you complete appear here.</EmptyState>
  return <EmptyState title="No tasks yet">Add your first task above.</EmptyState>
}
