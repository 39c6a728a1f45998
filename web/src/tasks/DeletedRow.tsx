import { useEffect, useRef } from 'react'
import type { Task } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { holdDeletion, isJustDeleted, releaseDeletion, undoDeletion } from './deletions.ts'
import { focusInRow } from './focus.ts'

/** Takes a deleted task's place while the deletion can be undone. Hovering or focusing the button extends the time. */
export function DeletedRow({ task }: { task: Task }) {
  const undo = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isJustDeleted(task.id)) undo.current?.focus({ preventScroll: true })
  }, [task.id])

  function undone() {
    undoDeletion(task.id)
    focusInRow(task.id, '.remove')
  }

  return (
    <li className="task deleted">
      <p>
        <span className="deleted-title" dir="auto">
          {task.title}
        </span>{' '}
        deleted
      </p>
      <Button
        ref={undo}
        aria-label={`Undo: keep “${task.title}”`}
        onClick={undone}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && holdDeletion(task.id)}
        onBlur={() => releaseDeletion(task.id)}
        onPointerEnter={() => holdDeletion(task.id)}
        onPointerLeave={() => releaseDeletion(task.id)}
      >
        <Icon name="undo" size={18} />
        Undo
      </Button>
    </li>
  )
}
