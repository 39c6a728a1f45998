import { Field } from '../forms/Field.tsx'
import { TextArea } from '../forms/TextArea.tsx'

interface Props {
  title: string
  description: string
  errors: Record<string, string>
  onChange: (change: { title?: string; description?: string }) => void
}

/** Title and description of a task, for the editor. */
export function TaskFields({ title, description, errors, onChange }: Props) {
  return (
    <>
      <Field
        name="title"
        label="Title"
        dir="auto"
        autoComplete="off"
        value={title}
        error={errors.title}
        onChange={(event) => onChange({ title: event.currentTarget.value })}
      />
      <TextArea
        name="description"
        label="Description"
        value={description}
        error={errors.description}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
      />
    </>
  )
}
