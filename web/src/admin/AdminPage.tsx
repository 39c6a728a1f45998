import type { ReactNode } from 'react'
import { NavLink } from '../shell/NavLink.tsx'
import { Page } from '../shell/Page.tsx'
import '../account/account.css'

const links = [
  ['/users', 'Users', ['/user']],
  ['/audit', 'Audit', []]
] as const

/** A page for admins, with links to the others. */
export function AdminPage({ title, intro, children }: { title: string; intro?: ReactNode; children: ReactNode }) {
  return (
    <div className="account">
      <nav className="account-nav" aria-label="Admin">
        {links.map(([href, label, also]) => (
          <NavLink key={href} href={href} also={also}>
            {label}
          </NavLink>
        ))}
      </nav>
      <Page title={title} intro={intro}>
        {children}
      </Page>
    </div>
  )
}
