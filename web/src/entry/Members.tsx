import { Fragment, type ReactNode } from 'react'
import { useSession } from '../api/session.ts'
import { Redirect, useLocation, useSearch } from '../router.tsx'
import { loginFrom } from './next.ts'
import { SessionLoading } from './SessionLoading.tsx'

/** Pages for signed-in users. Others sign in first and then return. */
export function Members({ children }: { children: ReactNode }) {
  const { user, status, why } = useSession()
  const [path] = useLocation()
  const search = useSearch()
  if (status === 'unknown') return <SessionLoading />
  // If another user signs in (in another tab), all state is discarded.
  if (status === 'in') return <Fragment key={user?.id}>{children}</Fragment>
  return <Redirect to={why === 'logout' ? '/login' : loginFrom(path, search)} />
}
