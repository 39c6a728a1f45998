import type { ReactNode } from 'react'
import { NavLink } from '../shell/NavLink.tsx'
import { Page } from '../shell/Page.tsx'
import './account.css'

const links = [
  ['/profile', 'Profile', ['/delete-account']],
  ['/security', 'Security', ['/authenticator', '/recovery-codes']],
  ['/sessions', 'Sessions', []],
  ['/tokens', 'Access tokens', []],
  ['/activity', 'Activity', []],
  ['/password', 'Password', []]
] as const

/** An account page, with links to the others. */
export function AccountPage({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  return (
    <div className="account">
      <nav className="account-nav" aria-label="Account">
        {links.map(([href, label, also]) => (
          <NavLink key={href} href={href} also={also}>
            {label}
          </NavLink>
        ))}
      </nav>
      <Page title={title} intro={intro}>
        <div className="account-body">{children}</div>
      </Page>
    </div>
  )
}
