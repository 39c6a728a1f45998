import type { Activity } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { exactTime } from '../ui/time.ts'
import { deviceOf } from './device.ts'
import { eventInWords, isAlarming, originInWords } from './events.ts'

interface Props {
  activity: Activity
  onDeny: () => void
}

export function ActivityRow({ activity: { at, event, ip, user_agent, times }, onDeny }: Props) {
  const what = eventInWords(event)
  return (
    <li className={`session activity ${isAlarming(event) ? 'alarming' : ''}`}>
      <Icon name={isAlarming(event) ? 'alert' : 'check'} size={24} />
      <h2>
        {what} {times > 1 && <span className="badge">{times} times</span>}
      </h2>
      <div className="session-facts soft small">
        <p>
          <RelativeTime at={at} />
        </p>
        <p>From {originInWords(event, ip)}</p>
        <p>{deviceOf(user_agent).name}</p>
      </div>
      <Button kind="quiet" aria-label={`This was not me: ${what}, ${exactTime(at)}`} onClick={onDeny}>
        This was not me
      </Button>
    </li>
  )
}
