import { accountPaths } from '../account/account-paths.ts'
import { adminPaths } from '../admin/admin-paths.ts'
import type { User } from '../api/types.ts'
import { hasTasks } from '../product.ts'
import { OpenTaskCount } from '../tasks/OpenTaskCount.tsx'
import { NavLink } from './NavLink.tsx'

const characters = new Intl.Segmenter()

/** The first character that a reader sees, which may be several code points. */
const initial = (name: string) => [...characters.segment(name.trim())][0]?.segment.toUpperCase()

/** What there is to do, and who is signed in. */
export function MainLinks({ user: { name, email, role } }: { user: User }) {
  return (
    <nav aria-label="Main">
      {hasTasks && (
        <NavLink href="/">
          Tasks
          <OpenTaskCount />
        </NavLink>
      )}
      {role === 'admin' && (
        <NavLink href="/users" also={adminPaths}>
          Users
        </NavLink>
      )}
      <NavLink href="/profile" className="me" also={accountPaths}>
        <span className="avatar" aria-hidden="true">
          {initial(name)}
        </span>
        <span className="visually-hidden">Account: </span>
        <span className="user-name" dir="auto" title={email}>
          {name}
        </span>
      </NavLink>
    </nav>
  )
}
