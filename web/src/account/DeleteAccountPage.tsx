import { deleteAccount } from '../api/account.ts'
import { hasCode } from '../api/problem.ts'
import { useSession } from '../api/session.ts'
import { needed } from '../entry/needed.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { say } from '../ui/notices.ts'
import { AccountPage } from './AccountPage.tsx'
import { UserNameField } from './UserNameField.tsx'

export default function DeleteAccountPage() {
  const email = useSession().user?.email ?? ''
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ password: text(data, 'password') }),
    check: (values) => needed(values, { password: 'Enter your password.' }),
    async send({ password }) {
      await deleteAccount(password)
      say('Your account and all that was in it are gone.')
    },
    explain: (error) => (hasCode(error, 'invalid_credentials') ? { password: 'This is not your password.' } : undefined)
  })

  return (
    <AccountPage title="Delete account">
      <div className="sheet card stack">
        <p>These go at once, and nobody can bring them back:</p>
        <ul className="loses">
          <li>
            your account <strong>{email}</strong>, with its name and dates
          </li>
          <li>all your tasks</li>
          <li>all your sessions, on every device</li>
        </ul>
        <form className="form account-form" {...form}>
          <UserNameField email={email} />
          <PasswordField
            name="password"
            label="Your password"
            autoComplete="current-password"
            required
            error={errors.password}
          />
          <FormMessage text={message} />
          <div>
            <SubmitButton kind="danger" label="Delete my account" busyLabel="Deleting…" {...button} />
          </div>
        </form>
      </div>
    </AccountPage>
  )
}
