import { useEffect, useEffectEvent } from 'react'
import { hasCode, problemDetails } from '../api/problem.ts'
import { completeLogIn } from '../api/session.ts'
import { FactorCodeField } from '../factors/FactorCodeField.tsx'
import { PasskeyButton } from '../factors/PasskeyButton.tsx'
import { canUsePasskeys, enterWithPasskey } from '../factors/passkeys.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { warn } from '../ui/notices.ts'
import { EntryPage } from './EntryPage.tsx'
import { rememberEmail } from './email.ts'

interface Props {
  /** The answer to the password. */
  problem: unknown
  onBack: () => void
}

/** In place of the form for signing in, for a user with a second factor. */
export function SecondFactorPage({ problem, onBack }: Props) {
  const { challenge = '', methods = [], expires_in = 300 } = problemDetails(problem)
  const has = (method: string) => methods.some((name) => name === method)
  const startOver = useEffectEvent((text: string) => {
    warn(text)
    onBack()
  })

  useEffect(() => {
    const timer = setTimeout(() => startOver('The second step took too long. Sign in again.'), expires_in * 1000)
    return () => clearTimeout(timer)
  }, [expires_in])

  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'code').trim(),
    check: (code) => faults({ code: needed(code, 'Enter a code.') }),
    async send(code) {
      try {
        await completeLogIn({ challenge, code })
        rememberEmail('')
      } catch (error) {
        if (!hasCode(error, 'invalid_token')) throw error
        warn('The second step took too long, or had too many wrong codes. Sign in again.')
        onBack()
      }
    },
    explain: (error) =>
      hasCode(error, 'invalid_code') ? { code: 'This code is wrong, or was used before.' } : undefined
  })

  const withCode = has('totp') || has('recovery_code')
  return (
    <EntryPage title="Second step">
      {has('passkey') && canUsePasskeys() && (
        <PasskeyButton kind="main" label="Use a passkey" act={() => enterWithPasskey()} />
      )}
      {withCode && (
        <form className="form" aria-label="Enter a code" {...form}>
          <FactorCodeField totp={has('totp')} recovery={has('recovery_code')} error={errors.code} />
          <FormMessage text={message} />
          <div>
            <SubmitButton label="Sign in" busyLabel="Signing in…" {...button} />
          </div>
        </form>
      )}
      {!withCode && !canUsePasskeys() && <p>Your browser cannot use passkeys here. Sign in with another one.</p>}
      <div>
        <Button onClick={onBack}>Back to signing in</Button>
      </div>
    </EntryPage>
  )
}
