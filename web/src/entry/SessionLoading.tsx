import { Link } from 'wouter'
import { restoreSession, useRestoreTrouble } from '../api/session.ts'
import { LoadingPage } from '../shell/LoadingPage.tsx'
import { ErrorState } from '../ui/ErrorState.tsx'

/** While it is not known yet who is here; when the server cannot say, the way to ask it again. */
export function SessionLoading() {
  const trouble = useRestoreTrouble()
  if (trouble === undefined) return <LoadingPage />
  return (
    <main id="main" className="page">
      <ErrorState what="Your session" error={trouble} retry={restoreSession} />
      <p>
        Or <Link href="/login">log in again</Link>.
      </p>
    </main>
  )
}
