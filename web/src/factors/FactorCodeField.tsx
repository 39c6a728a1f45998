import { type ReactNode, useState } from 'react'
import { Field } from '../forms/Field.tsx'
import { Button } from '../ui/Button.tsx'

interface Props {
  /** Whether there is an authenticator app, and whether there are recovery codes. */
  totp: boolean
  recovery: boolean
  error: ReactNode
}

/** Puts the focus where typing belongs, as soon as the field is there. */
export const focusField = (element: HTMLElement | null) =>
  element?.querySelector<HTMLElement>('input:not([hidden])')?.focus()

/** A code of the authenticator app, or a recovery code. What was typed stays when the user changes between them. */
export function FactorCodeField({ totp, recovery, error }: Props) {
  const [isRecovery, setRecovery] = useState(!totp)
  return (
    <div className="form" ref={focusField}>
      <Field
        name="code"
        label={isRecovery ? 'Recovery code' : 'Code'}
        inputMode={isRecovery ? 'text' : 'numeric'}
        autoComplete={isRecovery ? 'off' : 'one-time-code'}
        autoCapitalize="none"
        spellCheck={false}
        required
        hint={isRecovery ? 'One of the codes that you have kept' : '6 digits, which your authenticator app shows now'}
        error={error}
      />
      {totp && recovery && (
        <div>
          <Button kind="quiet" onClick={() => setRecovery(!isRecovery)}>
            {isRecovery ? 'Use the authenticator app' : 'Use a recovery code'}
          </Button>
        </div>
      )}
    </div>
  )
}
