import { useSession } from '../api/session.ts'
import { appName } from '../product.ts'
import { Link } from '../router.tsx'
import { Brand } from './Brand.tsx'
import { LogOutButton } from './LogOutButton.tsx'
import { MainLinks } from './MainLinks.tsx'
import { ThemeSwitch } from './ThemeSwitch.tsx'

export function Header() {
  const { user } = useSession()
  return (
    <header className="bar">
      <div className="bar-inner">
        <Link href="/" className="home" aria-label={`${appName}, home`}>
          <Brand />
        </Link>
        {user && <MainLinks key={user.id} user={user} />}
        <div className="bar-end">
          <ThemeSwitch />
          {user && <LogOutButton />}
        </div>
      </div>
    </header>
  )
}
