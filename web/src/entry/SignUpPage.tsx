import { useState } from 'react'
import { Link } from 'wouter'
import { hasCode } from '../api/problem.ts'
import { signUp } from '../api/session.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { NewPasswordField } from '../forms/NewPasswordField.tsx'
import { passwordFault } from '../forms/password-rules.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { useSearch } from '../search.ts'
import { EntryPage } from './EntryPage.tsx'
import { needed } from './needed.ts'

function check(values: { name: string; email: string; password: string }) {
  const fault = passwordFault(values.password, values.email)
  return {
    ...needed(values, { name: 'Enter a name.', email: 'Enter your email address.' }),
    ...(fault && { password: fault })
  }
}

export default function SignUpPage() {
  const search = useSearch()
  const [email, setEmail] = useState('')
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ name: text(data, 'name'), email: text(data, 'email'), password: text(data, 'password') }),
    check,
    send: async (values) => void (await signUp(values)),
    explain: (error) =>
      hasCode(error, 'email_taken')
        ? { email: 'An account with this email already exists. Sign in instead?' }
        : undefined
  })

  return (
    <EntryPage title="Sign up">
      <form className="form" {...form}>
        <Field name="name" label="Name" dir="auto" autoComplete="name" required error={errors.name} />
        <Field
          name="email"
          label="Email"
          type="email"
          autoComplete="username"
          required
          error={errors.email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
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
