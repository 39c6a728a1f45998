import { type TextareaHTMLAttributes, useId } from 'react'
import { Icon } from '../ui/Icon.tsx'
import './field.css'

interface Props extends TextareaHTMLAttributes<HTMLTextAreaElement> {
  label: string
  error?: string | undefined
}

/** A labelled text area that grows with its content. */
export function TextArea({ label, error, ...area }: Props) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="text-box"
        dir="auto"
        rows={2}
        aria-invalid={Boolean(error)}
        aria-describedby={error ? `${id}-error` : undefined}
        {...area}
      />
      {error && (
        <p id={`${id}-error`} className="field-error">
          <Icon name="alert" size={18} />
          {error}
        </p>
      )}
    </div>
  )
}
