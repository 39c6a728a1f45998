import { Field, type FieldProps } from './Field.tsx'

/** The code of a mail. */
export function CodeField({ error }: Pick<FieldProps, 'error'>) {
  return (
    <Field
      name="code"
      label="Code"
      inputMode="numeric"
      autoComplete="one-time-code"
      required
      hint="8 digits, from the mail"
      error={error}
    />
  )
}
