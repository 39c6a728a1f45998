import type { Reset } from '@gatehouse/client'
import { useState } from 'react'
import { hasCode } from '../api/problem.ts'
import { resetPassword } from '../api/session.ts'
import { CodeField } from '../forms/CodeField.tsx'
import { noCode, wrongCode } from '../forms/code.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { NewPasswordField } from '../forms/NewPasswordField.tsx'
import { passwordFault } from '../forms/password-rules.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Link, useLocation } from '../router.tsx'
import { say } from '../ui/notices.ts'
import { EmailField } from './EmailField.tsx'
import { EntryPage } from './EntryPage.tsx'
import { emailFault, typedEmail } from './email.ts'
import { useMailToken } from './mail-token.ts'

/** Sets a new password with the link of a mail, or with its code. Opening the page uses neither. */
export default function ResetPage() {
  const token = useMailToken()
  return <ResetForm key={token} token={token} />
}

function ResetForm({ token }: { token: string }) {
  const [, navigate] = useLocation()
  const [isStale, setStale] = useState(false)
  const [email, setEmail] = useState(typedEmail)
  const { form, button, errors, message } = useSubmission({
    read: (data): Reset => ({
      ...(token ? { token } : { email: text(data, 'email').trim(), code: text(data, 'code').trim() }),
      new_password: text(data, 'new_password')
    }),
    check: ({ email, code, new_password }) =>
      faults({
        ...(!token && { email: emailFault(email ?? ''), code: needed(code ?? '', noCode) }),
        new_password: passwordFault(new_password, email ?? '')
      }),
    async send(values) {
      try {
        await resetPassword(values)
      } catch (error) {
        if (!token || !hasCode(error, 'invalid_token')) throw error
        setStale(true)
        return
      }
      say('Your password was changed. Sign in with the new one.')
      navigate('/login', { replace: true })
    },
    explain: (error) => (hasCode(error, 'invalid_token') ? { code: wrongCode } : undefined)
  })

  if (isStale)
    return (
      <EntryPage title="This link is no longer valid">
        <p role="alert">
          It was used, replaced by a newer one, or is older than 30 minutes. Your password is as it was.
        </p>
        <p>
          <Link href="/forgot">Send a new mail</Link>
        </p>
      </EntryPage>
    )

  return (
    <EntryPage title="Set a new password">
      <p>This signs you out on all devices.</p>
      <form className="form" {...form}>
        {!token && <EmailField error={errors.email} onType={setEmail} />}
        {!token && <CodeField error={errors.code} />}
        <NewPasswordField
          name="new_password"
          label="New password"
          email={token ? '' : email}
          error={errors.new_password}
        />
        <FormMessage text={message} />
        <SubmitButton label="Set password" busyLabel="Setting…" {...button} />
      </form>
      {!token && (
        <p>
          No mail? <Link href="/forgot">Send one</Link>
        </p>
      )}
    </EntryPage>
  )
}
