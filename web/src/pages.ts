import { onlineManager } from '@tanstack/react-query'
import { type ComponentType, createElement, lazy, useState } from 'react'
import type { Draft } from './tasks/editing.ts'

const online = () =>
  new Promise<void>((resolve) => {
    if (onlineManager.isOnline()) return resolve()
    const unsubscribe = onlineManager.subscribe((isOnline) => {
      if (!isOnline) return
      unsubscribe()
      resolve()
    })
  })

/** Loads a page's code once. It waits for the network, because React and the browser remember a failure. */
function page<Code>(load: () => Promise<Code>): () => Promise<Code> {
  let loading: Promise<Code> | undefined
  return () => {
    loading ??= online().then(load)
    loading.catch(() => {
      loading = undefined
    })
    return loading
  }
}

/** Pages and parts that the first page can do without are loaded separately, after it. */
const loads = {
  editing: page(() => import('./tasks/EditingRow.tsx')),
  otherAccount: page(() => import('./entry/OtherAccount.tsx')),
  signUp: page(() => import('./entry/SignUpPage.tsx')),
  forgot: page(() => import('./entry/ForgotPage.tsx')),
  reset: page(() => import('./entry/ResetPage.tsx')),
  checkMail: page(() => import('./entry/CheckMailPage.tsx')),
  verify: page(() => import('./entry/VerifyPage.tsx')),
  confirm: page(() => import('./entry/ConfirmPage.tsx')),
  cancel: page(() => import('./entry/CancelPage.tsx')),
  stepUp: page(() => import('./entry/StepUpDialog.tsx')),
  profile: page(() => import('./account/ProfilePage.tsx')),
  sessions: page(() => import('./account/SessionsPage.tsx')),
  password: page(() => import('./account/PasswordPage.tsx')),
  deleteAccount: page(() => import('./account/DeleteAccountPage.tsx')),
  clearing: page(() => import('./tasks/ClearCompleted.tsx')),
  clear: page(() => import('./tasks/ClearDialog.tsx')),
  shortcuts: page(() => import('./tasks/ShortcutsDialog.tsx'))
}

type Row = ComponentType<{ draft: Draft }>
const LazyRow = lazy(loads.editing)
let loadedRow: Row | undefined

/** Loads the editor as soon as there are tasks. It then opens at once, so that it gets what is typed next. */
export function fetchEditor(): void {
  loads.editing().then(
    (code) => {
      loadedRow = code.default
    },
    () => {}
  )
}

export function EditingRow(props: { draft: Draft }) {
  const [Row] = useState<Row>(() => loadedRow ?? LazyRow)
  return createElement(Row, props)
}
export const OtherAccount = lazy(loads.otherAccount)
export const SignUpPage = lazy(loads.signUp)
export const ForgotPage = lazy(loads.forgot)
export const ResetPage = lazy(loads.reset)
export const CheckMailPage = lazy(loads.checkMail)
export const VerifyPage = lazy(loads.verify)
export const ConfirmPage = lazy(loads.confirm)
export const CancelPage = lazy(loads.cancel)
export const StepUpDialog = lazy(loads.stepUp)
export const ProfilePage = lazy(loads.profile)
export const SessionsPage = lazy(loads.sessions)
export const PasswordPage = lazy(loads.password)
export const DeleteAccountPage = lazy(loads.deleteAccount)
export const ClearCompleted = lazy(loads.clearing)
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
