import { hasCode } from '../api/problem.ts'
import { verifyEmail } from '../api/session.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'

interface Props {
  email: string
  label: string
  onVerified: () => Promise<void>
}

/** Confirms an address with the code of a mail. */
export function CodeForm({ email, label, onVerified }: Props) {
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'code').trim(),
    check: (code) => faults({ code: needed(code, 'Enter the code of the mail.') }),
    async send(code) {
      await verifyEmail({ email, code })
      await onVerified()
    },
    explain: (error) =>
      hasCode(error, 'invalid_token') ? { code: 'This code is wrong, or no longer valid.' } : undefined
  })

  return (
    <form className="form" aria-label="Enter the code" {...form}>
      <Field
        name="code"
        label="Code"
        inputMode="numeric"
        autoComplete="one-time-code"
        required
        hint="8 digits, from the mail"
        error={errors.code}
      />
      <FormMessage text={message} />
      <div>
        <SubmitButton label={label} busyLabel="Confirming…" {...button} />
      </div>
    </form>
  )
}
