import { Field, type FieldProps } from '../forms/Field.tsx'
import { rememberEmail, typedEmail } from './email.ts'

interface Props {
  error: FieldProps['error']
  onType?: (email: string) => void
}

/** The email that identifies an account. It keeps what was typed on the other entry pages. */
export function EmailField({ error, onType }: Props) {
  return (
    <Field
      name="email"
      label="Email"
      type="email"
      autoComplete="username webauthn"
      required
      defaultValue={typedEmail()}
      error={error}
      onChange={({ currentTarget: { value } }) => {
        rememberEmail(value)
        onType?.(value)
      }}
    />
  )
}
