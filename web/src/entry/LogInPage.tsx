import { Link } from 'wouter'
import { logIn, useSession } from '../api/session.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { useSearch } from '../search.ts'
import { EntryPage } from './EntryPage.tsx'
import { needed } from './needed.ts'

export function LogInPage() {
  const search = useSearch()
  const { why } = useSession()
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ email: text(data, 'email'), password: text(data, 'password') }),
    check: (values) => needed(values, { email: 'Enter your email address.', password: 'Enter your password.' }),
    send: async (values) => void (await logIn(values))
  })

  return (
    <EntryPage title="Sign in">
      {why === 'ended' && (
        <p className="form-message calm" role="status">
          Your session has ended. Sign in again to continue.
        </p>
      )}
      <form className="form" {...form}>
        <Field name="email" label="Email" type="email" autoComplete="username" required error={errors.email} />
        <PasswordField
          name="password"
          label="Password"
          autoComplete="current-password"
          required
          error={errors.password}
        />
        <FormMessage text={message} />
        <SubmitButton label="Sign in" busyLabel="Signing in…" {...button} />
      </form>
      <p>
        New here? <Link href={`/signup${search}`}>Sign up</Link>
      </p>
    </EntryPage>
  )
}
