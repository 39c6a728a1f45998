import { useState } from 'react'
import { FormMessage } from './FormMessage.tsx'
import { mailPause } from './mail-pause.ts'
import { SubmitButton } from './SubmitButton.tsx'
import { useSubmission } from './useSubmission.ts'

interface Props {
  send: () => Promise<unknown>
  /** Whether a mail has just been sent. */
  isSent?: boolean
}

/** A button that sends a mail again, and shows how long to wait before the next one. */
export function ResendForm({ send, isSent = false }: Props) {
  const [again, setAgain] = useState(() => (isSent ? Date.now() + mailPause : 0))
  const [sent, setSent] = useState(0)
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      await send()
      setAgain(Date.now() + mailPause)
      setSent((count) => count + 1)
    }
  })

  return (
    <form className="form" aria-label="Send the mail again" {...form}>
      <div role="status">
        {sent > 0 && <p key={sent}>A new mail is on its way. The older one is no longer valid.</p>}
      </div>
      <FormMessage text={message} />
      <div>
        <SubmitButton
          kind="plain"
          label="Send the mail again"
          busyLabel="Sending…"
          {...button}
          until={Math.max(button.until, again)}
        />
      </div>
    </form>
  )
}
