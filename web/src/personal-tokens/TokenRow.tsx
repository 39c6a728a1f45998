import type { PersonalToken } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'
import { exactTime } from '../ui/time.ts'
import { scopesInWords } from './scopes.ts'

interface Props {
  token: PersonalToken
  onEnd: () => void
}

export function TokenRow({ token: { id, name, scopes, created_at, expires_at, last_used_at }, onEnd }: Props) {
  return (
    <li className="key-row" data-id={id}>
      <div>
        <h3 dir="auto">{name}</h3>
        <p className="small">{scopesInWords(scopes)}</p>
        <div className="session-facts soft small">
          <p>
            Created <RelativeTime at={created_at} />
          </p>
          <p>
            {last_used_at ? (
              <>
                Last used <RelativeTime at={last_used_at} />
              </>
            ) : (
              'Not used yet'
            )}
          </p>
          <p>Expires {exactTime(expires_at)}</p>
        </div>
      </div>
      <Button kind="quiet" aria-label={`End ${name}`} onClick={onEnd}>
        End
      </Button>
    </li>
  )
}
