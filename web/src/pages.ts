import { lazy } from 'react'

/** The pages that few visits open: their code comes by itself, after the first one's. */
const loads = {
  signUp: () => import('./entry/SignUpPage.tsx'),
  profile: () => import('./account/ProfilePage.tsx'),
  sessions: () => import('./account/SessionsPage.tsx'),
  password: () => import('./account/PasswordPage.tsx'),
  deleteAccount: () => import('./account/DeleteAccountPage.tsx')
}

export const SignUpPage = lazy(loads.signUp)
export const ProfilePage = lazy(loads.profile)
export const SessionsPage = lazy(loads.sessions)
export const PasswordPage = lazy(loads.password)
export const DeleteAccountPage = lazy(loads.deleteAccount)

/** Milliseconds after the start when nothing else is likely to be wanted. */
const calm = 3_000

/** Fetches them ahead, so that they open at once, and offline. One that fails is fetched again when it is opened. */
export function fetchPagesAhead(): void {
  setTimeout(() => {
    for (const load of Object.values(loads)) load().catch(() => {})
  }, calm)
}
