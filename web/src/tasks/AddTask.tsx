import { type FormEvent, useRef, useState } from 'react'
import { fieldMessages, inWords } from '../api/problem.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { TextArea } from '../forms/TextArea.tsx'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { whisper } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import { useAddTask } from './mutations.ts'
import { newTask } from './new-task.ts'
import { taskFaults } from './rules.ts'

/** A line to write a task on; room for more words opens below once there is a title. */
export function AddTask({ onAdded }: { onAdded: () => void }) {
  const form = useRef<HTMLFormElement>(null)
  const add = useAddTask()
  const [title, setTitle] = useState('')
  const [description, setDescription] = useState('')
  const [errors, setErrors] = useState<Record<string, string>>({})
  const [message, setMessage] = useState('')

  function refuse(error: unknown) {
    // What was written comes back, unless something new has been begun.
    setTitle((current) => current || title)
    setDescription((current) => current || description)
    const found = fieldMessages(error)
    setErrors(found)
    setMessage(Object.keys(found).length > 0 ? '' : `${quoted(title)} was not added. ${inWords(error)}`)
  }

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    const faults = taskFaults({ title, description })
    setErrors(faults)
    setMessage('')
    form.current?.querySelector('input')?.focus()
    if (Object.keys(faults).length > 0) return
    setTitle('')
    setDescription('')
    onAdded()
    add.mutateAsync(newTask(title, description)).then(() => whisper(`Added: ${title}`), refuse)
  }

  const open = title !== '' || description !== ''
  return (
    <form ref={form} className="form add-task sheet" aria-label="Add a task" noValidate onSubmit={onSubmit}>
      <div className="add-line">
        <Field
          name="title"
          label="New task"
          placeholder="What is to be done?"
          dir="auto"
          autoComplete="off"
          value={title}
          error={errors.title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Button type="submit" kind="main">
          <Icon name="add" />
          Add
        </Button>
      </div>
      {open && (
        <TextArea
          name="description"
          label="Description (optional)"
          value={description}
          error={errors.description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
      )}
      <FormMessage text={message} />
    </form>
  )
}
