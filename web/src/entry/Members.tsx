import { Fragment, type ReactNode } from 'react'
import { Redirect, useLocation } from 'wouter'
import { useSession } from '../api/session.ts'
import { useSearch } from '../search.ts'
import { loginFrom } from './next.ts'
import { SessionLoading } from './SessionLoading.tsx'

/** Pages for those who are logged in; others log in first and come back. */
export function Members({ children }: { children: ReactNode }) {
  const { user, status, why } = useSession()
  const [path] = useLocation()
  const search = useSearch()
  if (status === 'unknown') return <SessionLoading />
  // Another user, from another tab, sees nothing of what was on the screen.
  if (status === 'in') return <Fragment key={user?.id}>{children}</Fragment>
  return <Redirect to={why === 'logout' ? '/login' : loginFrom(path, search)} replace />
}
