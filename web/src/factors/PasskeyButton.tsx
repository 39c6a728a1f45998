import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { usePasskeyTrouble } from './usePasskeyTrouble.ts'

interface Props {
  label: string
  kind?: 'main' | 'plain'
  /** Uses or makes a passkey. */
  act: () => Promise<unknown>
}

/** A form of one button, which waits for the user's device. */
export function PasskeyButton({ label, kind = 'plain', act }: Props) {
  const { trouble, attempt } = usePasskeyTrouble()
  const { form, button, message } = useSubmission({ read: () => undefined, send: () => attempt(act) })
  return (
    <form className="form" aria-label={label} {...form}>
      <FormMessage text={trouble || message} />
      <div>
        <SubmitButton kind={kind} label={label} busyLabel="Waiting for your device…" {...button} />
      </div>
    </form>
  )
}
