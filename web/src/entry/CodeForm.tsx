import { hasCode } from '../api/problem.ts'
import { CodeField } from '../forms/CodeField.tsx'
import { noCode, wrongCode } from '../forms/code.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { type FieldMessages, text, useSubmission } from '../forms/useSubmission.ts'

interface Props {
  /** The name of the form. */
  name?: string
  label: string
  send: (code: string) => Promise<void>
  explain?: (error: unknown) => FieldMessages | undefined
}

/** Confirms an address with the code of a mail. */
export function CodeForm({ name = 'Enter the code', label, send, explain }: Props) {
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'code').trim(),
    check: (code) => faults({ code: needed(code, noCode) }),
    send,
    explain: (error) =>
      hasCode(error, 'invalid_token') || hasCode(error, 'invalid_code') ? { code: wrongCode } : explain?.(error)
  })

  return (
    <form className="form" aria-label={name} {...form}>
      <CodeField error={errors.code} />
      <FormMessage text={message} />
      <div>
        <SubmitButton label={label} busyLabel="Confirming…" {...button} />
      </div>
    </form>
  )
}
