import { useEffect } from 'react'
import type { Draft } from './editing.ts'
import { focusInRow } from './focus.ts'
import { TaskEditor } from './TaskEditor.tsx'

/** The row of a task being edited. When it closes, the focus returns to the button that opened it. */
export default function EditingRow({ draft }: { draft: Draft }) {
  const { id } = draft.task
  useEffect(() => () => focusInRow(id, '.edit'), [id])
  return (
    <li className="task editing">
      <TaskEditor draft={draft} />
    </li>
  )
}
