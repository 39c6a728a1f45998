import type { ReactNode } from 'react'
import { SectionPage } from '../shell/SectionPage.tsx'
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
export function AccountPage({ children, ...page }: { title: string; intro?: ReactNode; children: ReactNode }) {
  return (
    <SectionPage label="Account" links={links} {...page}>
      <div className="account-body">{children}</div>
    </SectionPage>
  )
}
