import { confirmTotp } from '../api/factors.ts'
import { hasCode } from '../api/problem.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { CopyButton } from '../ui/CopyButton.tsx'
import { QrCode } from './QrCode.tsx'
import { followFactors } from './useFactors.ts'
import './factors.css'

interface Props {
  secret: string
  uri: string
  /** When the secret was made, in milliseconds since 1970. */
  madeAt: number
  onConfirmed: (codes: readonly string[]) => void
  onStartAgain: () => void
}

/** Milliseconds that the server waits for the first code. */
const life = 10 * 60_000

export function TotpForm({ secret, uri, madeAt, onConfirmed, onStartAgain }: Props) {
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'code').replace(/\s/g, ''),
    check: (code) => faults({ code: needed(code, 'Enter the code that the app shows.') }),
    async send(code) {
      onConfirmed(await confirmTotp(code))
      void followFactors()
    },
    explain: (error) => {
      if (!hasCode(error, 'invalid_code')) return undefined
      if (Date.now() - madeAt < life)
        return { code: 'This code is wrong. Enter the one that the app shows now, and check the clock of your phone.' }
      return {
        code: (
          <>
            This key is older than ten minutes.{' '}
            <Button kind="quiet" onClick={onStartAgain}>
              Make a new one
            </Button>
          </>
        )
      }
    }
  })

  return (
    <form className="form sheet card" aria-label="Set up the app" {...form}>
      <ol className="steps">
        <li>Open an authenticator app on your phone. If you have none, install one; any will do.</li>
        <li>
          <p>Scan this code with the app, or type the key.</p>
          <div className="key-box">
            <QrCode text={uri} label="QR code with the key for your authenticator app" />
            <div className="stack">
              <div>
                <p className="soft small">Key</p>
                <code className="secret">{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
              </div>
              <CopyButton text={secret} label="Copy the key" />
              <a href={uri}>Open in an app on this device</a>
            </div>
          </div>
        </li>
        <li>
          <Field
            name="code"
            label="Code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            hint="6 digits, which the app shows now"
            error={errors.code}
          />
        </li>
      </ol>
      <FormMessage text={message} />
      <div>
        <SubmitButton label="Turn on" busyLabel="Checking…" {...button} />
      </div>
    </form>
  )
}
