import { browserSupportsWebAuthnAutofill, WebAuthnAbortService } from '@simplewebauthn/browser'
import { useEffect } from 'react'
import { hasCode } from '../api/problem.ts'
import { PasskeyButton } from '../factors/PasskeyButton.tsx'
import { canUsePasskeys, enterWithPasskey } from '../factors/passkeys.ts'
import { unknownPasskey } from '../factors/usePasskeyTrouble.ts'
import { warn } from '../ui/notices.ts'
import { rememberEmail } from './email.ts'

/** Milliseconds after which the server no longer accepts what the browser was asked for. */
const life = 4.5 * 60_000

const enter = async (autofill: boolean) => {
  await enterWithPasskey(autofill)
  rememberEmail('')
}

/** Asks the browser to suggest passkeys in the email field, and asks again before the request expires. */
async function suggest(): Promise<void> {
  if (!(await browserSupportsWebAuthnAutofill())) return
  await enter(true).catch((error) => {
    // Whoever ignores the suggestions, or does without them, signs in as before.
    if (hasCode(error, 'invalid_credentials')) warn(unknownPasskey)
    else if (hasCode(error, 'email_not_verified')) warn('You are not signed in.', error)
  })
}

/** The button has taken the place of the suggestions. */
function again(error: unknown): never {
  void suggest()
  throw error
}

/** Signs in with a passkey, without an email address: by the browser's suggestions, or by a button. */
export default function PasskeyLogIn() {
  useEffect(() => {
    if (!canUsePasskeys()) return
    void suggest()
    const timer = setInterval(() => void suggest(), life)
    return () => {
      clearInterval(timer)
      WebAuthnAbortService.cancelCeremony()
    }
  }, [])

  if (!canUsePasskeys()) return null
  return <PasskeyButton label="Sign in with a passkey" act={() => enter(false).catch(again)} />
}
