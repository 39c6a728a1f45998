import type { NewUser } from '@gatehouse/client'
import type { ReactNode } from 'react'
import { hasCode } from '../api/problem.ts'
import { logIn, signUp, verifyEmail } from '../api/session.ts'
import { ResendForm } from '../forms/ResendForm.tsx'
import { CodeForm } from './CodeForm.tsx'
import { EntryPage } from './EntryPage.tsx'
import { rememberEmail } from './email.ts'

interface Props {
  email: string
  password: string
  /** Of somebody who has just signed up. */
  name?: string
  /** What to know first. */
  children?: ReactNode
  /** Where else to go. */
  links: ReactNode
  /** Continues with the second factor of an account that has one. */
  onSecondFactor?: (problem: unknown) => void
}

const unless = (code: string) => (error: unknown) => {
  if (!hasCode(error, code)) throw error
}

/** In place of the form, for somebody whose address must be confirmed before signing in. */
export default function CheckMailPage({ email, password, name, children, links, onSecondFactor }: Props) {
  async function enter() {
    try {
      await logIn({ email, password })
      rememberEmail('')
    } catch (error) {
      if (!onSecondFactor || !hasCode(error, 'second_factor_required')) throw error
      onSecondFactor(error)
    }
  }

  /** The mail is sent again by what sent it before. An account that exists already gets it by signing in, which is refused. */
  async function resend() {
    if (name !== undefined) {
      const again: NewUser = { email, password, name }
      const isSent = await signUp(again).then(() => true, unless('email_taken'))
      if (isSent) return
    }
    await enter().catch(unless('email_not_verified'))
  }

  return (
    <EntryPage title="Check your mail">
      <p>
        {children} A mail is on its way to <strong dir="auto">{email}</strong>. Open its link, on any device, or enter
        its code here.
      </p>
      <CodeForm label="Confirm and sign in" send={(code) => verifyEmail({ email, code }).then(enter)} />
      <p>Nothing came? Look into the spam folder, check the address, or send the mail again.</p>
      <ResendForm send={resend} isSent />
      <p>{links}</p>
    </EntryPage>
  )
}
