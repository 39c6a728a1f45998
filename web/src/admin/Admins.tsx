import type { ReactNode } from 'react'
import { useSession } from '../api/session.ts'
import { Members } from '../entry/Members.tsx'
import { NotFoundPage } from '../shell/NotFoundPage.tsx'

/** Pages for signed-in admins. For other users there are none; the server decides by itself. */
export function Admins({ children }: { children: ReactNode }) {
  const { user } = useSession()
  return <Members>{user?.role === 'admin' ? children : <NotFoundPage />}</Members>
}
