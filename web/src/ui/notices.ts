import { onlineManager } from '@tanstack/react-query'
import { inWords, isSessionEnd, isUnreachable } from '../api/problem.ts'
import { createStore } from '../store.ts'

export interface Notice {
  id: number
  kind: 'whisper' | 'word' | 'trouble'
  text: string
  /** Why, if a request failed. */
  error?: unknown
  /** Shown while the browser was offline. */
  offline?: boolean
  action?: { label: string; run: () => void }
}

/** Milliseconds that a notice stays; an error stays until dismissed. */
const stay = 7_000

const notices = createStore<readonly Notice[]>([])
let lastId = 0

export const useNotices = notices.use
export const dismiss = (id: number) => notices.set(notices.get().filter((notice) => notice.id !== id))
export const clearNotices = () => notices.set([])

const withdraw = (untrue: (notice: Notice) => unknown) => notices.set(notices.get().filter((notice) => !untrue(notice)))
/** Removes what is no longer true after signing in. */
export const withdrawSessionEnd = () => withdraw(({ error }) => isSessionEnd(error))
/** Removes what is no longer true when the browser is online again. */
export const withdrawOutage = () => withdraw(({ error, offline }) => isUnreachable(error) || offline)

function add(notice: Omit<Notice, 'id'>): void {
  lastId += 1
  const id = lastId
  // Repeated texts are merged. More than three notices would hide the page.
  notices.set([...notices.get().filter(({ text }) => text !== notice.text), { ...notice, id }].slice(-3))
  if (notice.kind !== 'trouble') setTimeout(() => dismiss(id), stay)
}

/** Shows a short notice. */
export const say = (text: string, action?: Notice['action']) => add({ kind: 'word', text, ...(action && { action }) })
/** Announces something to screen readers only. */
export const whisper = (text: string) => add({ kind: 'whisper', text })
/** Shows an error, with its reason if a request failed. */
export const warn = (text: string, error?: unknown) =>
  add({
    kind: 'trouble',
    text: `${text} ${inWords(error)}`.trim(),
    error,
    offline: !onlineManager.isOnline()
  })
