import { useEffect, useId } from 'react'
import { useSession } from '../api/session.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { CopyButton } from '../ui/CopyButton.tsx'
import { Icon } from '../ui/Icon.tsx'
import './factors.css'

const fileName = 'gatehouse-recovery-codes.txt'

function download(text: string): void {
  const href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`
  Object.assign(document.createElement('a'), { href, download: fileName }).click()
}

const keep = (event: BeforeUnloadEvent) => event.preventDefault()

const question = 'Leave this page? The recovery codes are not shown again.'

/** Asks before a link of the app or the back button removes the codes. Other pages are for `beforeunload`. */
function ask(event: NavigateEvent): void {
  if (event.cancelable && event.destination.sameDocument && !confirm(question)) event.preventDefault()
}

function stopAsking(): void {
  removeEventListener('beforeunload', keep)
  window.navigation?.removeEventListener('navigate', ask)
}

interface Props {
  codes: readonly string[]
  onKept: () => void
}

/** Shows new recovery codes, once, until the user says that they are kept. */
export function RecoveryCodes({ codes, onKept }: Props) {
  const id = useId()
  const email = useSession().user?.email
  const text = [`Recovery codes of ${email} for ${location.origin}`, 'Each works once.', '', ...codes, ''].join('\n')
  const { form, button, errors } = useSubmission({
    read: (data) => data.has('kept'),
    check: (isKept): Record<string, string> => (isKept ? {} : { kept: 'Keep the codes first, then tick this box.' }),
    async send() {
      stopAsking()
      onKept()
    }
  })

  useEffect(() => {
    addEventListener('beforeunload', keep)
    window.navigation?.addEventListener('navigate', ask)
    return stopAsking
  }, [])

  return (
    <form className="form sheet card" aria-label="Recovery codes" {...form}>
      <p>
        With one of these codes you can sign in when you cannot use your phone or your passkey. Each works once. Keep
        them where you keep your passwords, or on paper. <strong>They are not shown again.</strong>
      </p>
      <ol className="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div className="row on-screen">
        <CopyButton text={text} label="Copy" />
        <Button onClick={() => download(text)}>Download</Button>
        <Button onClick={() => print()}>Print</Button>
      </div>
      <div className="field on-screen">
        <label className="choice">
          <input
            type="checkbox"
            name="kept"
            aria-invalid={Boolean(errors.kept)}
            aria-describedby={errors.kept ? `${id}-error` : undefined}
          />
          I have kept these codes
        </label>
        {errors.kept && (
          <p id={`${id}-error`} className="field-error">
            <Icon name="alert" size={18} />
            <span>{errors.kept}</span>
          </p>
        )}
      </div>
      <div className="on-screen">
        <SubmitButton label="Done" busyLabel="Done" {...button} />
      </div>
    </form>
  )
}
