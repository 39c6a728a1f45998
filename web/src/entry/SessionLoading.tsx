import { restoreSession, useRestoreTrouble } from '../api/session.ts'
import { Link, useLocation, useSearch } from '../router.tsx'
import { BarePage } from '../shell/BarePage.tsx'
import { LoadingPage } from '../shell/LoadingPage.tsx'
import { useOnReturn } from '../shell/useOnline.ts'
import { ErrorState } from '../ui/ErrorState.tsx'
import { loginFrom } from './next.ts'

/** Shown until it is known who is signed in; with a button to retry if the server does not answer. */
export function SessionLoading() {
  const trouble = useRestoreTrouble()
  const [path] = useLocation()
  const search = useSearch()
  useOnReturn(restoreSession)
  if (trouble === undefined) return <LoadingPage />
  return (
    <BarePage>
      <ErrorState what="Your session" error={trouble} retry={restoreSession}>
        <p>
          Or <Link href={loginFrom(path, search)}>sign in again</Link>.
        </p>
      </ErrorState>
    </BarePage>
  )
}
