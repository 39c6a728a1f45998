import { Link } from 'wouter'
import { useSession } from '../api/session.ts'
import { Brand } from './Brand.tsx'
import { LogOutButton } from './LogOutButton.tsx'
import { NavLink } from './NavLink.tsx'
import { ThemeSwitch } from './ThemeSwitch.tsx'

export function Header() {
  const { status } = useSession()
  return (
    <header className="bar">
      <div className="bar-inner">
        <Link href="/" className="home" aria-label="Gatehouse, home">
          <Brand />
        </Link>
        {status === 'in' && (
          <nav aria-label="Main">
            <NavLink href="/">Tasks</NavLink>
            <NavLink href="/profile" also={['/sessions', '/password', '/delete-account']}>
              Account
            </NavLink>
          </nav>
        )}
        <div className="bar-end">
          <ThemeSwitch />
          {status === 'in' && <LogOutButton />}
        </div>
      </div>
    </header>
  )
}
