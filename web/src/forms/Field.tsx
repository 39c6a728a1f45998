import { type InputHTMLAttributes, type ReactNode, useId } from 'react'
import { Icon } from '../ui/Icon.tsx'
import './field.css'

export interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  name: string
  label: string
  error?: ReactNode
  hint?: ReactNode
  /** Content at the end of the box, such as a button that shows a password. */
  children?: ReactNode
}

/** A labelled input. Screen readers also read its hint and its error. */
export function Field({ label, error, hint, children, ...input }: FieldProps) {
  const id = useId()
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="box">
        <input id={id} aria-invalid={Boolean(error)} aria-describedby={described || undefined} {...input} />
        {children}
      </div>
      {error && (
        <p id={`${id}-error`} className="field-error">
          <Icon name="alert" size={18} />
          <span>{error}</span>
        </p>
      )}
      {hint && (
        <div id={`${id}-hint`} className="field-hint">
          {hint}
        </div>
      )}
    </div>
  )
}
