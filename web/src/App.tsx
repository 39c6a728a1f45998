import { Fragment, Suspense } from 'react'
import { accountPaths } from './account/account-paths.ts'
import { adminPaths } from './admin/admin-paths.ts'
import { Guests } from './entry/Guests.tsx'
import { LogInPage } from './entry/LogInPage.tsx'
import { Members } from './entry/Members.tsx'
import { StepUp } from './entry/StepUp.tsx'
import {
  AccountPages,
  AdminPages,
  CancelPage,
  ConfirmPage,
  ForgotPage,
  NotFoundPage,
  ResetPage,
  SignUpPage,
  VerifyPage
} from './pages.ts'
import { hasTasks } from './product.ts'
import { Redirect, useLocation } from './router.tsx'
import { LoadingPage } from './shell/LoadingPage.tsx'
import { Safeguard } from './shell/Safeguard.tsx'
import { Shell } from './shell/Shell.tsx'
import { TasksPage } from './tasks/TasksPage.tsx'

const StartPage = () => <Redirect to="/profile" />

const guests = [
  ['/login', LogInPage],
  ['/signup', SignUpPage]
] as const

/** Also for signed-in users: a link in a mail opens where they are signed in. */
const anybody = [
  ['/forgot', ForgotPage],
  ['/reset', ResetPage],
  ['/verify', VerifyPage],
  ['/confirm', ConfirmPage],
  ['/cancel', CancelPage]
] as const

const members = [
  ['/', hasTasks ? TasksPage : StartPage] as const,
  ...accountPaths.map((path) => [path, AccountPages] as const),
  ...adminPaths.map((path) => [path, AdminPages] as const)
]

/** Every page, by who may see it. */
const groups = [
  { Guard: Guests, pages: guests },
  { Guard: Fragment, pages: anybody },
  { Guard: Members, pages: members }
]

function pageAt(path: string) {
  for (const { Guard, pages } of groups)
    for (const [address, Page] of pages)
      if (address === path)
        return (
          <Guard>
            <Page />
          </Guard>
        )
  return <NotFoundPage />
}

export function App() {
  const [path] = useLocation()
  return (
    <Shell>
      <Safeguard key={path}>
        <Suspense fallback={<LoadingPage />}>{pageAt(path)}</Suspense>
        <StepUp />
      </Safeguard>
    </Shell>
  )
}
