import { deleteAccount } from '../api/account.ts'
import { hasCode } from '../api/problem.ts'
import { useSession } from '../api/session.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { hasTasks } from '../product.ts'
import { say } from '../ui/notices.ts'
import { AccountPage } from './AccountPage.tsx'
import { UserNameField } from './UserNameField.tsx'

export default function DeleteAccountPage() {
  const email = useSession().user?.email ?? ''
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ password: text(data, 'password') }),
    check: ({ password }) => faults({ password: needed(password, 'Enter your password.') }),
    async send({ password }) {
      await deleteAccount(password)
      say('Your account was deleted.')
    },
    explain: (error) => (hasCode(error, 'invalid_credentials') ? { password: 'The password is incorrect.' } : undefined)
  })

  return (
    <AccountPage title="Delete account">
      <div className="sheet card stack">
        <p>This deletes the following data at once. It cannot be undone.</p>
        <ul className="loses">
          <li>
            your account <strong>{email}</strong>, with your name
          </li>
          <li>{hasTasks ? 'all your tasks' : 'everything that belongs to it'}</li>
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
