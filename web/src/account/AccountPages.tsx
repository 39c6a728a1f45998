import AuthenticatorPage from '../factors/AuthenticatorPage.tsx'
import RecoveryCodesPage from '../factors/RecoveryCodesPage.tsx'
import SecurityPage from '../factors/SecurityPage.tsx'
import { useLocation } from '../router.tsx'
import ActivityPage from './ActivityPage.tsx'
import type { AccountPath } from './account-paths.ts'
import DeleteAccountPage from './DeleteAccountPage.tsx'
import PasswordPage from './PasswordPage.tsx'
import ProfilePage from './ProfilePage.tsx'
import SessionsPage from './SessionsPage.tsx'

const pages = {
  '/profile': ProfilePage,
  '/security': SecurityPage,
  '/authenticator': AuthenticatorPage,
  '/recovery-codes': RecoveryCodesPage,
  '/sessions': SessionsPage,
  '/activity': ActivityPage,
  '/password': PasswordPage,
  '/delete-account': DeleteAccountPage
} satisfies Record<AccountPath, unknown>

/** All pages of the account, which are loaded together. */
export default function AccountPages() {
  const [path] = useLocation()
  const Page = pages[path as AccountPath]
  return <Page />
}
