import { GatehouseProblem } from '@gatehouse/client'
import { type FormEvent, type KeyboardEvent, useRef, useState } from 'react'
import { fieldMessages, hasCode, inWords } from '../api/problem.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { TextArea } from '../forms/TextArea.tsx'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { useUnsent, writeNewTask } from './adding.ts'
import { taskFaults } from './rules.ts'
import { useAdding } from './useAdding.ts'

/** Why it was refused. When this is read after the end of a session, there is a new session already. */
function reason(problem: unknown): string {
  if (hasCode(problem, 'idempotency_in_progress'))
    return 'The task is still being added. Wait a moment, then try again.'
  if (hasCode(problem, 'idempotency_mismatch')) return 'The task could not be added. Try again.'
  if (problem instanceof GatehouseProblem && problem.status === 401)
    return 'Your session ended before the task was added. Try again.'
  return inWords(problem)
}

/** A form to add a task. The description opens between title and button once there is a title. */
export function AddTask({ onAdded }: { onAdded: () => void }) {
  const form = useRef<HTMLFormElement>(null)
  const send = useAdding()
  const { title, description, problem } = useUnsent()
  const [faults, setFaults] = useState<Record<string, string>>({})
  const errors = { ...fieldMessages(problem), ...faults }

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    const found = taskFaults({ title, description })
    setFaults(found)
    form.current?.querySelector('input')?.focus()
    if (Object.keys(found).length > 0) return
    onAdded()
    send()
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit()
  }

  const open = title !== '' || description !== ''
  return (
    <form
      ref={form}
      className="form add-task sheet"
      data-open={open}
      aria-label="Add a task"
      noValidate
      onSubmit={onSubmit}
      onKeyDown={onKeyDown}
    >
      <Field
        name="title"
        label="New task"
        placeholder="What do you need to do?"
        dir="auto"
        autoComplete="off"
        value={title}
        error={errors.title}
        onChange={(event) => writeNewTask({ title: event.currentTarget.value })}
      />
      {open && (
        <TextArea
          name="description"
          label="Description (optional)"
          value={description}
          error={errors.description}
          onChange={(event) => writeNewTask({ description: event.currentTarget.value })}
        />
      )}
      <Button type="submit" kind="main">
        <Icon name="add" />
        Add
      </Button>
      <FormMessage text={Object.keys(errors).length > 0 ? '' : reason(problem)} />
    </form>
  )
}
