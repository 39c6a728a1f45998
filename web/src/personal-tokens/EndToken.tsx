import { leaveRow } from '../account/focus.ts'
import { endToken } from '../api/personal-tokens.ts'
import { isGone } from '../api/problem.ts'
import type { PersonalToken } from '../api/types.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { say } from '../ui/notices.ts'
import { followTokens } from './useTokens.ts'

interface Props {
  token: PersonalToken
  onClose: () => void
}

function EndForm({ token: { id, name }, close }: { token: PersonalToken; close: () => void }) {
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      await endToken(id).catch((error) => {
        if (!isGone(error)) throw error
      })
      close()
      leaveRow(id)
      say('The access token was ended.')
      await followTokens()
    }
  })
  return (
    <form className="form" {...form}>
      <p className="soft">A program that has “{name}” can no longer use your account. This cannot be undone.</p>
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton kind="danger" label="End" busyLabel="Ending…" {...button} />
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  )
}

export function EndToken({ token, onClose }: Props) {
  return (
    <Dialog title="End the access token?" onClose={onClose}>
      {(close) => <EndForm token={token} close={close} />}
    </Dialog>
  )
}
