import { later } from '../pages.ts'
import { useLocation } from '../router.tsx'
import ActivityPage from './ActivityPage.tsx'
import type { AccountPath } from './account-paths.ts'
import DeleteAccountPage from './DeleteAccountPage.tsx'
import PasswordPage from './PasswordPage.tsx'
import ProfilePage from './ProfilePage.tsx'
import SessionsPage from './SessionsPage.tsx'

const SecurityPage = later(() => import('../factors/SecurityPage.tsx'))
const AuthenticatorPage = later(() => import('../factors/AuthenticatorPage.tsx'))
const TokensPage = later(() => import('../personal-tokens/TokensPage.tsx'))
const RecoveryCodesPage = later(() => import('../factors/RecoveryCodesPage.tsx'))

const pages = {
  '/profile': ProfilePage,
  '/security': SecurityPage,
  '/authenticator': AuthenticatorPage,
  '/recovery-codes': RecoveryCodesPage,
  '/sessions': SessionsPage,
  '/tokens': TokensPage,
  '/activity': ActivityPage,
  '/password': PasswordPage,
  '/delete-account': DeleteAccountPage
} satisfies Record<AccountPath, unknown>

/** All pages of the account, which are loaded together, except those that bring libraries. */
export default function AccountPages() {
  const [path] = useLocation()
  const Page = pages[path as AccountPath]
  return <Page />
}
