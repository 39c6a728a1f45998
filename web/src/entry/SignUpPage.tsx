import { useState } from 'react'
import { hasCode } from '../api/problem.ts'
import { signUp } from '../api/session.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { NewPasswordField } from '../forms/NewPasswordField.tsx'
import { passwordFault } from '../forms/password-rules.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { CheckMailPage } from '../pages.ts'
import { Link, useSearch } from '../router.tsx'
import { EmailField } from './EmailField.tsx'
import { EntryPage } from './EntryPage.tsx'
import { emailFault, rememberEmail, typedEmail } from './email.ts'

export default function SignUpPage() {
  const search = useSearch()
  const [email, setEmail] = useState(typedEmail)
  const [asked, setAsked] = useState<Parameters<typeof signUp>[0]>()
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ name: text(data, 'name'), email: text(data, 'email'), password: text(data, 'password') }),
    check: ({ name, email, password }) =>
      faults({
        name: needed(name, 'Enter a name.'),
        email: emailFault(email),
        password: passwordFault(password, email)
      }),
    async send(values) {
      if (await signUp(values)) rememberEmail('')
      else setAsked(values)
    },
    explain: (error) =>
      hasCode(error, 'email_taken')
        ? {
            email: (
              <>
                An account with this email already exists. <Link href={`/login${search}`}>Sign in instead?</Link>
              </>
            )
          }
        : undefined
  })

  if (asked)
    return (
      <CheckMailPage
        {...asked}
        email={asked.email.trim()}
        links={<Link href={`/login${search}`}>Back to signing in</Link>}
      />
    )
  return (
    <EntryPage title="Sign up">
      <form className="form" {...form}>
        <Field name="name" label="Name" dir="auto" autoComplete="name" required error={errors.name} />
        <EmailField error={errors.email} onType={setEmail} />
        <NewPasswordField name="password" label="Password" email={email} error={errors.password} />
        <FormMessage text={message} />
        <SubmitButton label="Sign up" busyLabel="Signing up…" {...button} />
      </form>
      <p>
        Already have an account? <Link href={`/login${search}`}>Sign in</Link>
      </p>
    </EntryPage>
  )
}
