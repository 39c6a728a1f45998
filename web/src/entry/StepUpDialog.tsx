import { useRef } from 'react'
import { UserNameField } from '../account/UserNameField.tsx'
import { hasCode } from '../api/problem.ts'
import { stepUp, useSession } from '../api/session.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { PasswordField } from '../forms/PasswordField.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'

/** Asks for the password again, before something that only the owner of the account may do. */
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

function StepUpForm({ onCancel, onConfirmed }: { onCancel: () => void; onConfirmed: () => void }) {
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
      <p className="soft">Enter your password to continue. You are not asked again for ten minutes.</p>
      <UserNameField email={email} />
      <PasswordField
        name="password"
        label="Your password"
        autoComplete="current-password"
        required
        error={errors.password}
      />
      <FormMessage text={message} />
      <div className="row">
        <SubmitButton label="Continue" busyLabel="Checking…" {...button} />
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  )
}
