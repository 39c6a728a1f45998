import { Suspense } from 'react'
import { Route, Switch, useLocation } from 'wouter'
import { Guests } from './entry/Guests.tsx'
import { LogInPage } from './entry/LogInPage.tsx'
import { Members } from './entry/Members.tsx'
import {
  DeleteAccountPage,
  ForgotPage,
  PasswordPage,
  ProfilePage,
  ResetPage,
  SessionsPage,
  SignUpPage
} from './pages.ts'
import { LoadingPage } from './shell/LoadingPage.tsx'
import { NotFoundPage } from './shell/NotFoundPage.tsx'
import { Safeguard } from './shell/Safeguard.tsx'
import { Shell } from './shell/Shell.tsx'
import { TasksPage } from './tasks/TasksPage.tsx'

const guests = [
  ['/login', LogInPage],
  ['/signup', SignUpPage]
] as const

/** Also for signed-in users: a link in a mail opens where they are signed in. */
const anybody = [
  ['/forgot', ForgotPage],
  ['/reset', ResetPage]
] as const

const members = [
  ['/', TasksPage],
  ['/profile', ProfilePage],
  ['/sessions', SessionsPage],
  ['/password', PasswordPage],
  ['/delete-account', DeleteAccountPage]
] as const

/** Every page, by address and by who may see it. */
export function App() {
  const [path] = useLocation()
  return (
    <Shell>
      <Safeguard key={path}>
        <Suspense fallback={<LoadingPage />}>
          <Switch>
            {guests.map(([path, Page]) => (
              <Route key={path} path={path}>
                <Guests>
                  <Page />
                </Guests>
              </Route>
            ))}
            {anybody.map(([path, Page]) => (
              <Route key={path} path={path} component={Page} />
            ))}
            {members.map(([path, Page]) => (
              <Route key={path} path={path}>
                <Members>
                  <Page />
                </Members>
              </Route>
            ))}
            <Route>
              <NotFoundPage />
            </Route>
          </Switch>
        </Suspense>
      </Safeguard>
    </Shell>
  )
}
