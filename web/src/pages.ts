import { onlineManager } from '@tanstack/react-query'
import { type ComponentType, createElement, lazy, useState } from 'react'
import type { Draft } from './tasks/editing.ts'

const online = () =>
  new Promise<void>((resolve) => {
    if (onlineManager.isOnline()) resolve()
    else {
      const unsubscribe = onlineManager.subscribe((isOnline) => {
        if (isOnline) resolve(unsubscribe())
      })
    }
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

/** What React can load lazily. */
type Lazy = Awaited<ReturnType<Parameters<typeof lazy>[0]>>['default']

const loads: (() => Promise<unknown>)[] = []

/** Milliseconds after the start when the network is likely idle, and after a failure. */
const calm = 3_000

/** Pages that the first page can do without are loaded separately, after it. */
export function later<Part extends Lazy>(load: () => Promise<{ default: Part }>) {
  const once = page(load)
  loads.push(once)
  return lazy(once)
}

/** Loads a part of a page. It never fails: it tries again until the code is loaded. */
function patient<Code>(load: () => Promise<Code>): () => Promise<Code> {
  const once = page(load)
  const again = (): Promise<Code> => once().catch(() => new Promise((resolve) => setTimeout(resolve, calm)).then(again))
  return again
}

/** A part of a page, which is shown without it until it is loaded. */
const part = <Part extends Lazy>(load: () => Promise<{ default: Part }>) => later(patient(load))

type Row = ComponentType<{ draft: Draft }>
const loadRow = patient(() => import('./tasks/EditingRow.tsx'))
const LazyRow = later(loadRow)
let loadedRow: Row | undefined

/** Loads the editor as soon as there are tasks. It then opens at once, so that it gets what is typed next. */
export function fetchEditor(): void {
  loadRow().then((code) => {
    loadedRow = code.default
  })
}

export function EditingRow(props: { draft: Draft }) {
  const [Row] = useState<Row>(() => loadedRow ?? LazyRow)
  return createElement(Row, props)
}
export const OtherAccount = part(() => import('./entry/OtherAccount.tsx'))
export const SignUpPage = later(() => import('./entry/SignUpPage.tsx'))
export const ForgotPage = later(() => import('./entry/ForgotPage.tsx'))
export const ResetPage = later(() => import('./entry/ResetPage.tsx'))
export const LogInStep = later(() => import('./entry/LogInStep.tsx'))
export const PasskeyLogIn = part(() => import('./entry/PasskeyLogIn.tsx'))
export const CheckMailPage = later(() => import('./entry/CheckMailPage.tsx'))
export const VerifyPage = later(() => import('./entry/VerifyPage.tsx'))
export const ConfirmPage = later(() => import('./entry/ConfirmPage.tsx'))
export const CancelPage = later(() => import('./entry/CancelPage.tsx'))
export const StepUpDialog = part(() => import('./entry/StepUpDialog.tsx'))
export const NotFoundPage = later(() => import('./shell/NotFoundPage.tsx'))
export const AccountPages = later(() => import('./account/AccountPages.tsx'))
export const AdminPages = later(() => import('./admin/AdminPages.tsx'))
export const ClearCompleted = part(() => import('./tasks/ClearCompleted.tsx'))
export const MoreTasks = part(() => import('./tasks/MoreTasks.tsx'))
export const ClearDialog = part(() => import('./tasks/ClearDialog.tsx'))
export const ShortcutsDialog = part(() => import('./tasks/ShortcutsDialog.tsx'))

/** Preloads them, so that they open at once and offline. A failed one is loaded again when it is opened. */
export function fetchPagesAhead(): void {
  setTimeout(() => {
    for (const load of loads) load().catch(() => {})
  }, calm)
}
