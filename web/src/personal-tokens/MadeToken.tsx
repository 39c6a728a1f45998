import { useEffect } from 'react'
import { Button } from '../ui/Button.tsx'
import { CopyButton } from '../ui/CopyButton.tsx'
import '../factors/factors.css'

const keep = (event: BeforeUnloadEvent) => event.preventDefault()

interface Props {
  token: string
  onKept: () => void
}

/** Shows a new token, once, until the user says that it is kept. */
export function MadeToken({ token, onKept }: Props) {
  useEffect(() => {
    addEventListener('beforeunload', keep)
    return () => removeEventListener('beforeunload', keep)
  }, [])
  return (
    <section className="sheet card stack" aria-label="Your new access token">
      <p>
        Copy the token into your program or your password manager now. Whoever has it can do what it allows.{' '}
        <strong>It is not shown again.</strong>
      </p>
      <p>
        <code className="secret">{token}</code>
      </p>
      <div className="row">
        <CopyButton text={token} label="Copy" />
        <Button kind="main" onClick={onKept}>
          Done
        </Button>
      </div>
    </section>
  )
}
