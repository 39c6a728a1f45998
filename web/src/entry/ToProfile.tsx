import { useSession } from '../api/session.ts'
import { Link } from '../router.tsx'

/** Where the state of the address is shown, and a new mail can be sent. Who is signed out signs in first. */
export function ToProfile({ children }: { children: string }) {
  const { user } = useSession()
  return <Link href={user ? '/profile' : '/login?next=%2Fprofile'}>{children}</Link>
}
