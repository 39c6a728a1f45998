import { useState } from 'react'
import { Button } from '../ui/Button.tsx'
import { Field, type FieldProps } from './Field.tsx'

/** A password that can be looked at, pasted, and filled in by a password manager. */
export function PasswordField(props: FieldProps) {
  const [shown, setShown] = useState(false)
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
