import { useSession } from '../api/session.ts'
import { useLocation } from '../router.tsx'
import NotFoundPage from '../shell/NotFoundPage.tsx'
import AuditPage from './AuditPage.tsx'
import type { AdminPath } from './admin-paths.ts'
import UserPage from './UserPage.tsx'
import UsersPage from './UsersPage.tsx'
import './admin.css'

const pages = { '/users': UsersPage, '/user': UserPage, '/audit': AuditPage } satisfies Record<AdminPath, unknown>

/** All pages for admins, which are loaded together. For other users there are none; the server decides by itself. */
export default function AdminPages() {
  const [path] = useLocation()
  const { user } = useSession()
  if (user?.role !== 'admin') return <NotFoundPage />
  const Page = pages[path as AdminPath]
  return <Page />
}
