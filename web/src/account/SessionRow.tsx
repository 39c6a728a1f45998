import type { Session } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { deviceOf } from './device.ts'
import { methodsInWords } from './methods.ts'

interface Props {
  session: Session
  ending: boolean
  onEnd: () => void
}

export function SessionRow({ session, ending, onEnd }: Props) {
  const { name, icon } = deviceOf(session.user_agent)
  const address = session.ip ?? 'an unknown address'
  return (
    <li className="session" data-id={session.id}>
      <Icon name={icon} size={28} />
      <h2>
        {name} {session.current && <span className="here">This device</span>}
      </h2>
      <div className="session-facts soft small">
        <p>
          Last used <RelativeTime at={session.last_used_at} /> from {address}
        </p>
        <p>
          Signed in <RelativeTime at={session.created_at} /> {methodsInWords(session.amr)}
        </p>
      </div>
      {!session.current && (
        <Button aria-label={`End the session of ${name}, ${address}`} aria-disabled={ending} onClick={onEnd}>
          {ending ? 'Ending…' : 'End'}
        </Button>
      )}
    </li>
  )
}
