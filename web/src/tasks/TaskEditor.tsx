import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { fieldMessages, inWords, isGone, isSessionEnd } from '../api/problem.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { Button } from '../ui/Button.tsx'
import { warn } from '../ui/notices.ts'
import { changeDraft, closeDraft, type Draft } from './editing.ts'
import { focusWhenFree } from './focus.ts'
import { taskFaults } from './rules.ts'
import { TaskFields } from './TaskFields.tsx'
import { useSaveDraft } from './useSaveDraft.ts'

/** Why it was refused. When this is read after the end of a session, there is a new session already. */
function reason(problem: unknown): string {
  if (isGone(problem)) return 'This task was deleted on another device. Your text is still here.'
  return isSessionEnd(problem) ? 'Your session ended before the task was saved. Save it again.' : inWords(problem)
}

/** Edits a task in place. A refused edit opens again with its text. */
export function TaskEditor({ draft }: { draft: Draft }) {
  const { id } = draft.task
  const form = useRef<HTMLFormElement>(null)
  const { save, addAnew } = useSaveDraft(draft)
  const [faults, setFaults] = useState<Record<string, string>>({})
  const errors = { ...fieldMessages(draft.problem), ...faults }
  const gone = isGone(draft.problem)
  const refused = draft.problem !== undefined && Object.keys(errors).length === 0
  const message = reason(draft.problem)

  useEffect(() => {
    const target = form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [name=title]')
    focusWhenFree(target)
    if (document.activeElement === target) form.current?.scrollIntoView({ block: 'nearest' })
  }, [])

  useEffect(() => {
    if (Object.keys(faults).length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [faults])

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    const found = taskFaults(draft)
    setFaults(found)
    if (Object.keys(found).length > 0) return
    const send = gone ? addAnew : save
    send().catch((error) => warn(inWords(error)))
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') closeDraft(id)
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit()
  }

  return (
    <form
      ref={form}
      className="form task-editor"
      aria-label={`Edit “${draft.task.title}”`}
      noValidate
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
    >
      <TaskFields
        title={draft.title}
        description={draft.description}
        errors={errors}
        onChange={(change) => changeDraft(id, change)}
      />
      <FormMessage text={refused ? message : ''} />
      <div className="row editor-buttons">
        <Button type="submit" kind="main">
          {gone ? 'Add as a new task' : 'Save'}
        </Button>
        <Button onClick={() => closeDraft(id)}>Cancel</Button>
      </div>
    </form>
  )
}
