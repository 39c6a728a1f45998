import { endOtherSessions } from '../api/account.ts'
import { queries } from '../api/queries.ts'
import type { Activity } from '../api/types.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { Link, useLocation } from '../router.tsx'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { say } from '../ui/notices.ts'
import { exactTime } from '../ui/time.ts'
import { deviceOf } from './device.ts'
import { eventInWords, originInWords } from './events.ts'

interface Props {
  activity: Activity
  onClose: () => void
}

/** Leads somebody whose account others may have used to what keeps them out: no other sessions, and a new password. */
export function NotMeDialog({ activity: { at, event, ip, user_agent }, onClose }: Props) {
  const [, navigate] = useLocation()
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      await endOtherSessions()
      void queries.invalidateQueries({ queryKey: ['sessions'] })
      void queries.invalidateQueries({ queryKey: ['activity'] })
      say('All other sessions were ended. Now set a new password.')
      navigate('/password')
    }
  })

  return (
    <Dialog title="Was this not you?" onClose={onClose}>
      {(close) => (
        <form className="form" {...form}>
          <p>
            <strong>{eventInWords(event)}</strong>, {exactTime(at)}, from {originInWords(event, ip)},{' '}
            {deviceOf(user_agent).name}.
          </p>
          <p>Somebody else may know your password. Sign out all other devices, then set a new password.</p>
          <p className="soft">
            Your password does not work any more? <Link href="/forgot">Set a new one by mail</Link>.
          </p>
          <FormMessage text={message} />
          <div className="row">
            <SubmitButton kind="danger" label="Sign out all other devices" busyLabel="Signing out…" {...button} />
            <Button onClick={close}>Cancel</Button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
