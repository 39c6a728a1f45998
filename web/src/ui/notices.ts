import { createStore } from '../store.ts'

export interface Notice {
  id: number
  kind: 'whisper' | 'word' | 'trouble'
  text: string
  action?: { label: string; run: () => void }
}

/** Milliseconds that a word stays; trouble stays until it is dismissed. */
const stay = 7_000

const notices = createStore<readonly Notice[]>([])
let lastId = 0

export const useNotices = notices.use
export const dismiss = (id: number) => notices.set(notices.get().filter((notice) => notice.id !== id))
export const clearNotices = () => notices.set([])

function add(notice: Omit<Notice, 'id'>): void {
  lastId += 1
  const id = lastId
  // The same text twice is one notice, and more than three would hide the page.
  notices.set([...notices.get().filter(({ text }) => text !== notice.text), { ...notice, id }].slice(-3))
  if (notice.kind !== 'trouble') setTimeout(() => dismiss(id), stay)
}

/** Says in passing that something happened. */
export const say = (text: string, action?: Notice['action']) => add({ kind: 'word', text, ...(action && { action }) })
/** For screen readers: what others see happen. */
export const whisper = (text: string) => add({ kind: 'whisper', text })
/** Says that something went wrong. */
export const warn = (text: string) => add({ kind: 'trouble', text })
