import { useState } from 'react'
import { useSession } from '../api/session.ts'
import type { Factors } from '../api/types.ts'
import { Link, useLocation } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { dismiss, isDismissed } from './reminders.ts'
import './factors.css'

/** Warns a user whose password is the only way to sign in: who loses it, or its second factor, is locked out. */
export function OneWayWarning({ factors }: { factors: Factors }) {
  const userId = useSession().user?.id ?? ''
  const [path] = useLocation()
  const [isGone, setGone] = useState(() => isDismissed(userId))
  if (isGone || factors.passkeys > 0) return null

  return (
    <section className="one-way form-message calm" aria-label="Only one way to sign in">
      <p>
        <strong>There is only one way to sign in to your account:</strong> your password
        {factors.totp
          ? ' with your authenticator app. Add a passkey, so that you can still sign in when you have lost your phone.'
          : '. Add a passkey, so that you can still sign in when you have lost it.'}
      </p>
      <div className="row">
        {path !== '/security' && (
          <Link href="/security" className="button plain">
            Security
          </Link>
        )}
        <Button
          onClick={() => {
            dismiss(userId)
            setGone(true)
          }}
        >
          Remind me in a month
        </Button>
      </div>
    </section>
  )
}
