import { Suspense, startTransition, useState } from 'react'
import { hasCode } from '../api/problem.ts'
import { logIn, useSession } from '../api/session.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { LogInStep, PasskeyLogIn } from '../pages.ts'
import { Link, useSearch } from '../router.tsx'
import { EmailField } from './EmailField.tsx'
import { EntryPage } from './EntryPage.tsx'
import { emailFault, rememberEmail } from './email.ts'
import type { LogInStepProps } from './LogInStep.tsx'

const needsMore = (error: unknown) => hasCode(error, 'second_factor_required') || hasCode(error, 'email_not_verified')

export function LogInPage() {
  const search = useSearch()
  const { why } = useSession()
  const [step, setStep] = useState<Omit<LogInStepProps, 'onBack'>>()
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ email: text(data, 'email'), password: text(data, 'password') }),
    check: ({ email, password }) =>
      faults({ email: emailFault(email), password: needed(password, 'Enter your password.') }),
    async send(values) {
      try {
        await logIn(values)
        rememberEmail('')
      } catch (problem) {
        if (!needsMore(problem)) throw problem
        // The form stays until the next page is loaded.
        startTransition(() => setStep({ values, problem }))
      }
    }
  })

  if (step) return <LogInStep {...step} onBack={() => setStep(undefined)} />
  return (
    <EntryPage title="Sign in">
      {why === 'ended' && (
        <p className="form-message calm" role="status">
          Your session has ended. Sign in again to continue.
        </p>
      )}
      <form className="form" {...form}>
        <EmailField error={errors.email} />
        <PasswordField
          name="password"
          label="Password"
          autoComplete="current-password"
          required
          error={errors.password}
        />
        <p>
          <Link href="/forgot">Forgot password?</Link>
        </p>
        <FormMessage text={message} />
        <SubmitButton label="Sign in" busyLabel="Signing in…" {...button} />
      </form>
      <p>
        New here? <Link href={`/signup${search}`}>Sign up</Link>
      </p>
      <Suspense>
        <PasskeyLogIn />
      </Suspense>
    </EntryPage>
  )
}
