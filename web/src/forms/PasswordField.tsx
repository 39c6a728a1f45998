import { useState } from 'react'
import { Button } from '../ui/Button.tsx'
import { Field, type FieldProps } from './Field.tsx'
import { useReset } from './useReset.ts'

/** A password that can be shown, pasted and filled in by a password manager. */
export function PasswordField(props: FieldProps) {
  const [shown, setShown] = useState(false)
  useReset(() => setShown(false))
  return (
    <Field {...props} type={shown ? 'text' : 'password'} spellCheck={false} autoCapitalize="none">
      <Button
        kind="quiet"
        aria-pressed={shown}
        aria-label={`Show ${props.label.toLowerCase()}`}
        onClick={() => setShown(!shown)}
      >
        {shown ? 'Hide' : 'Show'}
      </Button>
    </Field>
  )
}
