import { useRef } from 'react'
import { UserNameField } from '../account/UserNameField.tsx'
import { hasCode } from '../api/problem.ts'
import { stepUp, useSession } from '../api/session.ts'
import type { Factors } from '../api/types.ts'
import { FactorCodeField, focusField } from '../factors/FactorCodeField.tsx'
import { PasskeyButton } from '../factors/PasskeyButton.tsx'
import { canUsePasskeys, stepUpWithPasskey } from '../factors/passkeys.ts'
import { useFactors } from '../factors/useFactors.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Skeleton } from '../ui/Skeleton.tsx'

/** Asks again who the user is, before something that only the owner of the account may do. */
export default function StepUpDialog({ answer }: { answer: (isConfirmed: boolean) => void }) {
  const isConfirmed = useRef(false)
  return (
    <Dialog title="Confirm that it is you" onClose={() => answer(isConfirmed.current)}>
      {(close) => (
        <StepUpForm
          onCancel={close}
          onConfirmed={() => {
            isConfirmed.current = true
            close()
          }}
        />
      )}
    </Dialog>
  )
}

interface Props {
  onCancel: () => void
  onConfirmed: () => void
}

/** The password, or for users with a second factor a code or a passkey. If that is not known, the server says so. */
function StepUpForm(props: Props) {
  const { data, isPending } = useFactors()
  if (isPending) return <Skeleton rows={2} label="Loading" />
  return data && (data.totp || data.passkeys > 0) ? (
    <FactorForm factors={data} {...props} />
  ) : (
    <PasswordForm {...props} />
  )
}

const once = 'You are not asked again for ten minutes.'

function FactorForm({ factors, onCancel, onConfirmed }: Props & { factors: Factors }) {
  const { totp, passkeys, recovery_codes } = factors
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'code').trim(),
    check: (code) => faults({ code: needed(code, 'Enter a code.') }),
    async send(code) {
      await stepUp({ code })
      onConfirmed()
    },
    explain: (error) =>
      hasCode(error, 'invalid_code') ? { code: 'This code is wrong, or was used before.' } : undefined
  })
  const withPasskey = passkeys > 0 && canUsePasskeys()
  const withCode = totp || recovery_codes > 0

  return (
    <>
      <p className="soft">
        {withPasskey || withCode
          ? `${withPasskey ? 'Use a passkey' : 'Enter a code'}${withPasskey && withCode ? ' or enter a code' : ''} to continue. ${once}`
          : 'This needs your passkey, which your browser cannot use here.'}
      </p>
      {withPasskey && (
        <PasskeyButton
          kind="main"
          label="Use a passkey"
          act={async () => {
            await stepUpWithPasskey()
            onConfirmed()
          }}
        />
      )}
      {withCode && (
        <form className="form" aria-label="Enter a code" {...form}>
          <FactorCodeField totp={totp} recovery={recovery_codes > 0} error={errors.code} />
          <FormMessage text={message} />
          <div className="row">
            <SubmitButton label="Continue" busyLabel="Checking…" {...button} />
            <Button onClick={onCancel}>Cancel</Button>
          </div>
        </form>
      )}
      {!withCode && (
        <div>
          <Button onClick={onCancel}>Cancel</Button>
        </div>
      )}
    </>
  )
}

function PasswordForm({ onCancel, onConfirmed }: Props) {
  const email = useSession().user?.email ?? ''
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'password'),
    check: (password) => faults({ password: needed(password, 'Enter your password.') }),
    async send(password) {
      await stepUp({ password })
      onConfirmed()
    },
    explain: (error) => (hasCode(error, 'invalid_credentials') ? { password: 'The password is incorrect.' } : undefined)
  })

  return (
    <form className="form" {...form}>
      <p className="soft">Enter your password to continue. {once}</p>
      <UserNameField email={email} />
      <div ref={focusField}>
        <PasswordField
          name="password"
          label="Your password"
          autoComplete="current-password"
          required
          error={errors.password}
        />
      </div>
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton label="Continue" busyLabel="Checking…" {...button} />
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  )
}
