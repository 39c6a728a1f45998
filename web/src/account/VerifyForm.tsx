import { useLayoutEffect, useRef } from 'react'
import { sendVerification } from '../api/account.ts'
import { queries } from '../api/queries.ts'
import { CodeForm } from '../entry/CodeForm.tsx'
import { ResendForm } from '../forms/ResendForm.tsx'
import { say } from '../ui/notices.ts'
import { leaveBody } from './focus.ts'
import { profileKey } from './profile-key.ts'

/** Confirms the address with the code of a mail, and sends the mail again. It disappears as soon as the address is confirmed. */
export function VerifyForm({ email }: { email: string }) {
  const section = useRef<HTMLElement>(null)

  // Before the elements are removed, when they still have the focus.
  useLayoutEffect(() => {
    const element = section.current
    return () => {
      if (element?.contains(document.activeElement)) leaveBody()
    }
  }, [])

  async function onVerified() {
    say('Your email address is confirmed.')
    await queries.invalidateQueries({ queryKey: profileKey })
  }

  return (
    <section ref={section} className="sheet card stack account-form" aria-labelledby="verify-heading">
      <h2 id="verify-heading">Confirm your email address</h2>
      <p>
        Open the link of the mail to <strong dir="auto">{email}</strong>, or enter its code here. No mail? Look into the
        spam folder, or send it again.
      </p>
      <CodeForm email={email} label="Confirm address" onVerified={onVerified} />
      <ResendForm send={sendVerification} />
    </section>
  )
}
