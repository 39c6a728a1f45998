import { lazy } from 'react'

/** Rarely visited pages and dialogs are loaded separately, after the first one. */
const loads = {
  signUp: () => import('./entry/SignUpPage.tsx'),
  profile: () => import('./account/ProfilePage.tsx'),
  sessions: () => import('./account/SessionsPage.tsx'),
  password: () => import('./account/PasswordPage.tsx'),
  deleteAccount: () => import('./account/DeleteAccountPage.tsx'),
  clear: () => import('./tasks/ClearDialog.tsx'),
  shortcuts: () => import('./tasks/ShortcutsDialog.tsx')
}

export const SignUpPage = lazy(loads.signUp)
export const ProfilePage = lazy(loads.profile)
export const SessionsPage = lazy(loads.sessions)
export const PasswordPage = lazy(loads.password)
export const DeleteAccountPage = lazy(loads.deleteAccount)
export const ClearDialog = lazy(loads.clear)
export const ShortcutsDialog = lazy(loads.shortcuts)

/** Milliseconds after the start when the network is likely idle. */
const calm = 3_000

/** Preloads them, so that they open at once and offline. A failed one is loaded again when it is opened. */
export function fetchPagesAhead(): void {
  setTimeout(() => {
    for (const load of Object.values(loads)) load().catch(() => {})
  }, calm)
}
