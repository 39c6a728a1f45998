import { type ChangeEvent, memo, useRef } from 'react'
import type { Task } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { whisper } from '../ui/notices.ts'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { isOlderThanADay } from '../ui/time.ts'
import { Description } from './Description.tsx'
import { scheduleDeletion } from './deletions.ts'
import { startEditing } from './editing.ts'
import { focusNeighbour } from './focus.ts'
import { tellRefused, useChangeTask } from './mutations.ts'
import './gate-box.css'

interface Props {
  task: Task
  saving: boolean
  /** Whether the task leaves this view when it is completed or reopened. */
  leaves: boolean
}

export const TaskRow = memo(function TaskRow({ task, saving, leaves }: Props) {
  const row = useRef<HTMLLIElement>(null)
  const change = useChangeTask(task.id, tellRefused)
  const isNew = saving && task.id.startsWith('new-')

  function toggle(event: ChangeEvent<HTMLInputElement>) {
    const completed = event.currentTarget.checked
    if (leaves) focusNeighbour(row.current)
    whisper(`${completed ? 'Completed' : 'Reopened'}: ${task.title}`)
    change.mutate({ task, patch: { completed } })
  }

  /** A shortcut for the button, except to mark text. */
  function onTitleClick() {
    if (!isNew && getSelection()?.type !== 'Range') startEditing(task)
  }

  return (
    <li ref={row} className="task" data-done={task.completed} data-saving={saving} data-id={task.id}>
      <input
        type="checkbox"
        className="gate-box"
        aria-label={`Done: ${task.title}`}
        checked={task.completed}
        disabled={isNew}
        onChange={toggle}
      />
      <div className="task-text">
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: keyboards have the button */}
        <p className="task-title" dir="auto" onClick={onTitleClick}>
          {task.title}
        </p>
        {task.description && <Description text={task.description} of={task.title} />}
      </div>
      <p className="task-state soft small">
        {saving ? 'Saving…' : isOlderThanADay(task.created_at) && <RelativeTime at={task.created_at} />}
      </p>
      <div className="task-actions">
        <Button
          kind="quiet"
          className="square edit"
          aria-label={`Edit “${task.title}”`}
          disabled={isNew}
          onClick={() => startEditing(task)}
        >
          <Icon name="edit" />
        </Button>
        <Button
          kind="quiet"
          className="square remove"
          aria-label={`Delete “${task.title}”`}
          disabled={isNew}
          onClick={() => scheduleDeletion(task)}
        >
          <Icon name="remove" />
        </Button>
      </div>
    </li>
  )
})
