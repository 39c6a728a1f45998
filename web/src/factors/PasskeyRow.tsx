import type { Passkey } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { RelativeTime } from '../ui/RelativeTime.tsx'

interface Props {
  passkey: Passkey
  onRename: () => void
  onDelete: () => void
}

export function PasskeyRow({ passkey: { id, name, backed_up, created_at, last_used_at }, onRename, onDelete }: Props) {
  return (
    <li className="key-row" data-id={id}>
      <div>
        <h3 dir="auto">{name}</h3>
        <div className="session-facts soft small">
          <p>
            Added <RelativeTime at={created_at} />
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
          <p>{backed_up ? 'Synced to your other devices' : 'On one device only'}</p>
        </div>
      </div>
      <div className="row">
        <Button kind="quiet" aria-label={`Rename ${name}`} onClick={onRename}>
          Rename
        </Button>
        <Button kind="quiet" aria-label={`Delete ${name}`} onClick={onDelete}>
          Delete
        </Button>
      </div>
    </li>
  )
}
