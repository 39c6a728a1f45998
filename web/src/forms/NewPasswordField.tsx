import { type ReactNode, useState } from 'react'
import { PasswordField } from './PasswordField.tsx'
import { PasswordStrength } from './PasswordStrength.tsx'
import { passwordRules, strengthOf } from './password-rules.ts'
import { useReset } from './useReset.ts'
import './new-password.css'

interface Props {
  name: string
  label: string
  email: string
  error: ReactNode
}

/** A new password, with its strength and with rules that are ticked off while typing. */
export function NewPasswordField({ email, ...field }: Props) {
  const [password, setPassword] = useState('')
  useReset(() => setPassword(''))
  const rules = (
    <>
      <PasswordStrength strength={password === '' ? undefined : strengthOf(password, email)} />
      <ul className="rules">
        {passwordRules.map(({ text, met }) => (
          <li key={text} data-met={met(password, email)}>
            {text}
            {met(password, email) && <span className="visually-hidden"> (met)</span>}
          </li>
        ))}
      </ul>
      <p>Common passwords are not allowed. Several unrelated words are easy to remember and hard to guess.</p>
    </>
  )
  return (
    <PasswordField
      {...field}
      autoComplete="new-password"
      required
      hint={rules}
      onChange={(event) => setPassword(event.currentTarget.value)}
    />
  )
}
