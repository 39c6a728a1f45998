import { useState } from 'react'
import { changeEmail } from '../api/account.ts'
import type { User } from '../api/types.ts'
import { emailFault } from '../entry/email.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults } from '../forms/faults.ts'
import { mailPause } from '../forms/mail-pause.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { rememberChange, useEmailChange } from './email-change.ts'

const normal = (email: string) => email.trim().toLowerCase()

/** Asks for another address. It changes when its owner presses the button that the mail's link opens. */
export function EmailForm({ user }: { user: User }) {
  const change = useEmailChange(user.id)
  const pending = change && change.email !== user.email ? change : undefined
  const [typed, setTyped] = useState(pending?.email ?? '')
  const isAgain = pending !== undefined && normal(typed) === pending.email
  const { form, button, errors, message } = useSubmission({
    read: (data) => normal(text(data, 'email')),
    check: (email) =>
      faults({ email: emailFault(email) ?? (email === user.email ? 'This is your address already.' : undefined) }),
    async send(email) {
      await changeEmail(email)
      rememberChange({ userId: user.id, email, again: Date.now() + mailPause })
    }
  })

  return (
    <form className="form sheet card account-form" aria-label="Change your email address" {...form}>
      <div role="status">
        {pending && (
          <p className="form-message calm">
            <span>
              A mail is on its way to <strong dir="auto">{pending.email}</strong>. Your address changes when you follow
              its link; until then you sign in with the old one.
            </span>
          </p>
        )}
      </div>
      <Field
        name="email"
        label="New email"
        type="email"
        autoComplete="email"
        required
        defaultValue={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        hint="You confirm the new address with a link that we send to it. The old address gets a notice."
        error={errors.email}
      />
      <FormMessage text={message} />
      <div>
        <SubmitButton
          label={isAgain ? 'Send again' : 'Change email'}
          busyLabel="Sending…"
          {...button}
          until={Math.max(button.until, isAgain ? pending.again : 0)}
          unchanged={typed.trim() === ''}
        />
      </div>
    </form>
  )
}
