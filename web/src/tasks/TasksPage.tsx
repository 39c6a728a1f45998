import { Page } from '../shell/Page.tsx'
import { say } from '../ui/notices.ts'
import { AddTask } from './AddTask.tsx'
import { FilterBar } from './FilterBar.tsx'
import { type Filter, useFilter } from './filter.ts'
import { Shortcuts } from './Shortcuts.tsx'
import { TaskList } from './TaskList.tsx'
import './tasks-page.css'

export function TasksPage() {
  const [filter, setFilter] = useFilter()

  function change(wanted: Partial<Filter>) {
    setFilter(wanted)
    window.scrollTo(0, 0)
  }

  const showAll = () => change({ status: 'all', q: '' })

  function onAdded() {
    if (filter.status === 'completed') say('The task was added to your open tasks.', { label: 'Show it', run: showAll })
  }

  return (
    <Page title="Tasks">
      <div className="tasks-page">
        <AddTask onAdded={onAdded} />
        <aside className="beside">
          <FilterBar filter={filter} onChange={change} />
          <Shortcuts />
        </aside>
        <TaskList filter={filter} onChange={change} />
      </div>
    </Page>
  )
}
