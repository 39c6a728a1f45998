import { changePassword } from '../api/account.ts'
import { tokensKey } from '../api/personal-tokens.ts'
import { hasCode } from '../api/problem.ts'
import { queries } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { NewPasswordField } from '../forms/NewPasswordField.tsx'
import { PasswordField } from '../forms/PasswordField.tsx'
import { passwordFault } from '../forms/password-rules.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { say } from '../ui/notices.ts'
import { AccountPage } from './AccountPage.tsx'
import { UserNameField } from './UserNameField.tsx'

export default function PasswordPage() {
  const email = useSession().user?.email ?? ''
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ current_password: text(data, 'current_password'), new_password: text(data, 'new_password') }),
    check: (values) =>
      faults({
        current_password: needed(values.current_password, 'Enter your current password.'),
        new_password: passwordFault(values.new_password, email)
      }),
    async send(values, form) {
      await changePassword(values)
      form.reset()
      void queries.invalidateQueries({ queryKey: tokensKey })
      say('Your password was changed. You are signed out on all other devices.')
    },
    explain: (error) =>
      hasCode(error, 'invalid_credentials') ? { current_password: 'The current password is incorrect.' } : undefined
  })

  return (
    <AccountPage
      title="Change password"
      intro="When you change your password, you are signed out on all other devices, and your access tokens end."
    >
      <form className="form sheet card account-form" {...form}>
        <UserNameField email={email} />
        <PasswordField
          name="current_password"
          label="Current password"
          autoComplete="current-password"
          required
          error={errors.current_password}
        />
        <NewPasswordField name="new_password" label="New password" email={email} error={errors.new_password} />
        <FormMessage text={message} />
        <div>
          <SubmitButton label="Change password" busyLabel="Changing…" {...button} />
        </div>
      </form>
    </AccountPage>
  )
}
