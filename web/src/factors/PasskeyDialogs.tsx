import { leaveRow } from '../account/focus.ts'
import { removePasskey, renamePasskey } from '../api/passkeys.ts'
import { isGone } from '../api/problem.ts'
import type { Passkey } from '../api/types.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { say } from '../ui/notices.ts'
import { forgetPasskey } from './passkeys.ts'
import { followFactors } from './useFactors.ts'

interface Props {
  passkey: Passkey
  onClose: () => void
}

interface FormProps {
  passkey: Passkey
  close: () => void
}

const maxName = 100

function RenameForm({ passkey: { id, name }, close }: FormProps) {
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'name').trim(),
    check: (name) => faults({ name: needed(name, 'Enter a name.') }),
    async send(name) {
      await renamePasskey(id, name)
      close()
      say('The passkey was renamed.')
      await followFactors()
    }
  })
  return (
    <form className="form" {...form}>
      <Field name="name" label="Name" dir="auto" required maxLength={maxName} defaultValue={name} error={errors.name} />
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton label="Rename" busyLabel="Renaming…" {...button} />
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  )
}

export function RenamePasskey({ passkey, onClose }: Props) {
  return (
    <Dialog title="Rename the passkey" onClose={onClose}>
      {(close) => <RenameForm passkey={passkey} close={close} />}
    </Dialog>
  )
}

function DeleteForm({ passkey, isLast, close }: FormProps & { isLast: boolean }) {
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      await removePasskey(passkey.id).catch((error) => {
        if (!isGone(error)) throw error
      })
      void forgetPasskey(passkey.credential_id)
      close()
      leaveRow(passkey.id)
      say('The passkey was deleted.')
      await followFactors()
    }
  })
  return (
    <form className="form" {...form}>
      <p className="soft">
        You can no longer sign in with “{passkey.name}”. If your device still offers it, delete it there, too.
        {isLast && ' You then sign in with your password only, and your recovery codes stop working.'}
      </p>
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton kind="danger" label="Delete" busyLabel="Deleting…" {...button} />
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  )
}

export function DeletePasskey({ passkey, isLast, onClose }: Props & { isLast: boolean }) {
  return (
    <Dialog title="Delete the passkey?" onClose={onClose}>
      {(close) => <DeleteForm passkey={passkey} isLast={isLast} close={close} />}
    </Dialog>
  )
}
