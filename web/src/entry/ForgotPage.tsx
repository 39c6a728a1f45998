import { useState } from 'react'
import { forgotPassword } from '../api/session.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults } from '../forms/faults.ts'
import { mailPause } from '../forms/mail-pause.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Link } from '../router.tsx'
import { EmailField } from './EmailField.tsx'
import { EntryPage } from './EntryPage.tsx'
import { emailFault } from './email.ts'

/** Asks for a mail. It says the same for every address, because it must not tell who has an account. */
export default function ForgotPage() {
  const [sent, setSent] = useState<{ email: string; again: number }>()
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'email').trim(),
    check: (email) => faults({ email: emailFault(email) }),
    async send(email) {
      await forgotPassword(email)
      setSent({ email, again: Date.now() + mailPause })
    }
  })
  const until = Math.max(button.until, sent?.again ?? 0)

  return (
    <EntryPage title={sent ? 'Check your mail' : 'Forgot your password?'}>
      <div role="status">
        {sent && (
          <p>
            If <strong dir="auto">{sent.email}</strong> has an account, a mail with a link and a code is on its way.
            Both are valid for 30 minutes.
          </p>
        )}
      </div>
      {sent && (
        <p>
          <Link href="/reset">Enter the code</Link> if you read the mail on another device. No mail? Look in the spam
          folder, check the address, or send the mail again.
        </p>
      )}
      {!sent && <p>Enter your email address. You will get a mail with a link to set a new password.</p>}
      <form className="form" {...form}>
        <EmailField error={errors.email} />
        <FormMessage text={message} />
        <SubmitButton label={sent ? 'Send again' : 'Send the mail'} busyLabel="Sending…" {...button} until={until} />
      </form>
      <p>
        <Link href="/login">Back to signing in</Link>
      </p>
    </EntryPage>
  )
}
