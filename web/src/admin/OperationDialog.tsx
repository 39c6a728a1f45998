import type { ManagedUser } from '../api/types.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { useLocation } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { say } from '../ui/notices.ts'
import type { Operation } from './operations.ts'
import { followUser } from './useUsers.ts'

interface Props {
  user: ManagedUser
  operation: Operation
  onClose: () => void
}

/** Says what an operation does, and asks why. */
export function OperationDialog(props: Props) {
  return (
    <Dialog title={`${props.operation.label}?`} onClose={props.onClose}>
      {(close) => <OperationForm {...props} close={close} />}
    </Dialog>
  )
}

const maxReason = 500

function OperationForm({ user, operation, close }: Props & { close: () => void }) {
  const [, navigate] = useLocation()
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({ reason: text(data, 'reason').trim(), email: text(data, 'email').trim().toLowerCase() }),
    check: ({ reason, email }) =>
      faults({
        email: operation.typesEmail && email !== user.email ? 'Type the email of this account.' : undefined,
        reason: needed(reason, 'Say why. It is recorded with what you do.')
      }),
    async send({ reason, email }) {
      await operation.run(user, reason, email)
      if (operation.typesEmail) navigate('/users')
      // Behind the dialog, so that no button moves under a pointer.
      await followUser(user.id)
      close()
      say(operation.done)
    }
  })
  return (
    <form className="form" {...form}>
      <p>
        <strong dir="auto">{user.email}</strong>
      </p>
      <p className="soft">{operation.effect}</p>
      {operation.typesEmail && (
        <Field name="email" label="Email of this account" autoComplete="off" required error={errors.email} />
      )}
      <Field name="reason" label="Reason" autoComplete="off" required maxLength={maxReason} error={errors.reason} />
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton
          kind={operation.isDangerous ? 'danger' : 'main'}
          label={operation.label}
          busyLabel={operation.busyLabel}
          {...button}
        />
        <Button onClick={close}>Cancel</Button>
      </div>
    </form>
  )
}
