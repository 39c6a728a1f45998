import { sendVerification } from '../api/account.ts'
import { queries } from '../api/queries.ts'
import { verifyEmail } from '../api/session.ts'
import { CodeForm } from '../entry/CodeForm.tsx'
import { ResendForm } from '../forms/ResendForm.tsx'
import { say } from '../ui/notices.ts'
import { profileKey } from './profile-key.ts'
import { useLeaving } from './useLeaving.ts'

/** Confirms the address with the code of a mail, and sends the mail again. It disappears as soon as the address is confirmed. */
export function VerifyForm({ email }: { email: string }) {
  const section = useLeaving<HTMLElement>()

  async function send(code: string) {
    await verifyEmail({ email, code })
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
      <CodeForm label="Confirm address" send={send} />
      <ResendForm send={sendVerification} />
    </section>
  )
}
