import { useState } from 'react'
import { changeEmail } from '../api/account.ts'
import { hasCode } from '../api/problem.ts'
import { queries } from '../api/queries.ts'
import { confirmEmail } from '../api/session.ts'
import type { User } from '../api/types.ts'
import { CodeForm } from '../entry/CodeForm.tsx'
import { emailFault } from '../entry/email.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults } from '../forms/faults.ts'
import { mailPause } from '../forms/mail-pause.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { say } from '../ui/notices.ts'
import { rememberChange, useEmailChange } from './email-change.ts'
import { profileKey } from './profile-key.ts'
import { useLeaving } from './useLeaving.ts'

const normal = (email: string) => email.trim().toLowerCase()

/** Asks for another address. It changes when its owner follows the mail's link, or enters its code here. */
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
    <div className="sheet card stack account-form">
      <div role="status">
        {pending && (
          <p className="form-message calm">
            <span>
              A mail is on its way to <strong dir="auto">{pending.email}</strong>. Your address changes when you follow
              its link or enter its code here; until then you sign in with the old one.
            </span>
          </p>
        )}
      </div>
      {pending && <ConfirmForm key={pending.email} />}
      <form className="form" aria-label="Change your email address" {...form}>
        <Field
          name="email"
          label="New email"
          type="email"
          autoComplete="email"
          required
          defaultValue={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          hint="You confirm the new address with a mail that we send to it. The old address gets a notice."
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
    </div>
  )
}

/** Confirms the change with the code of the mail to the new address. It disappears then. */
function ConfirmForm() {
  const element = useLeaving<HTMLDivElement>()

  async function send(code: string) {
    await confirmEmail({ code })
    say('Your email address is changed.')
    await queries.invalidateQueries({ queryKey: profileKey })
  }

  return (
    <div ref={element} className="wide">
      <CodeForm
        name="Enter the code of the mail to the new address"
        label="Confirm new email"
        send={send}
        explain={(error) =>
          hasCode(error, 'email_taken') ? { code: 'The new address has another account by now.' } : undefined
        }
      />
    </div>
  )
}
