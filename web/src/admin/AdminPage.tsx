import type { ReactNode } from 'react'
import { SectionPage } from '../shell/SectionPage.tsx'
import '../account/account.css'

const links = [
  ['/users', 'Users', ['/user']],
  ['/audit', 'Audit', []]
] as const

/** A page for admins, with links to the others. */
export const AdminPage = (page: { title: string; intro?: ReactNode; children: ReactNode }) => (
  <SectionPage label="Admin" links={links} {...page} />
)
