import type { ReactNode } from 'react'
import { useRestoreTrouble, useSession } from '../api/session.ts'
import { Redirect, useSearch } from '../router.tsx'
import { nextPage } from './next.ts'
import { SessionLoading } from './SessionLoading.tsx'

/** Pages for signed-out users. Others are redirected to the page that they wanted. */
export function Guests({ children }: { children: ReactNode }) {
  const { status } = useSession()
  const search = useSearch()
  const trouble = useRestoreTrouble()
  // If the server does not answer, signing in is still possible.
  if (status === 'unknown' && trouble === undefined) return <SessionLoading />
  return status === 'in' ? <Redirect to={nextPage(search)} /> : children
}
