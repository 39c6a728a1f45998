import { useState } from 'react'
import { removeTotp } from '../api/factors.ts'
import { isGone } from '../api/problem.ts'
import type { Factors } from '../api/types.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { Link } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { say } from '../ui/notices.ts'
import { followFactors } from './useFactors.ts'

function TurnOffForm({ isLast, onDone, onCancel }: { isLast: boolean; onDone: () => void; onCancel: () => void }) {
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      await removeTotp().catch((error) => {
        if (!isGone(error)) throw error
      })
      onDone()
      say('Your authenticator app is off.')
      await followFactors()
    }
  })
  return (
    <form className="form" {...form}>
      <p className="soft">
        {isLast
          ? 'You then sign in with your password only, and your recovery codes stop working.'
          : 'You then sign in with a passkey, or with your password and a passkey.'}
      </p>
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton kind="danger" label="Turn off" busyLabel="Turning off…" {...button} />
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  )
}

/** Turns the authenticator app on and off. */
export function TotpSection({ totp, passkeys }: Factors) {
  const [isAsked, setAsked] = useState(false)
  return (
    <section className="sheet card stack" aria-labelledby="totp-heading">
      <h2 id="totp-heading">
        Authenticator app <span className={totp ? 'badge good' : 'badge'}>{totp ? 'On' : 'Off'}</span>
      </h2>
      <p>
        {totp
          ? 'After your password you enter a code that an app on your phone shows.'
          : 'An app on your phone shows a code that you enter after your password. Somebody who has only your password cannot sign in.'}
      </p>
      {totp ? (
        <Button onClick={() => setAsked(true)}>Turn off</Button>
      ) : (
        <Link href="/authenticator" className="button plain">
          Set up
        </Link>
      )}
      {isAsked && (
        <Dialog title="Turn off the authenticator app?" onClose={() => setAsked(false)}>
          {(close) => <TurnOffForm isLast={passkeys === 0} onDone={close} onCancel={close} />}
        </Dialog>
      )}
    </section>
  )
}
