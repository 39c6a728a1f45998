import type { ReactNode } from 'react'
import { Redirect } from 'wouter'
import { useRestoreTrouble, useSession } from '../api/session.ts'
import { useSearch } from '../search.ts'
import { nextPage } from './next.ts'
import { SessionLoading } from './SessionLoading.tsx'

/** Pages for those who are not logged in; others go on to where they wanted to be. */
export function Guests({ children }: { children: ReactNode }) {
  const { status } = useSession()
  const search = useSearch()
  const trouble = useRestoreTrouble()
  // When the server cannot say who is here, one can still log in.
  if (status === 'unknown' && trouble === undefined) return <SessionLoading />
  return status === 'in' ? <Redirect to={nextPage(search)} replace /> : children
}
