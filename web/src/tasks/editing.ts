import type { Task } from '../api/types.ts'
import { createStore } from '../store.ts'

export interface Draft {
  task: Task
  title: string
  description: string
  /** Why the server refused it, once it has. */
  problem?: unknown
}

/** The edit under way. It outlives its row, the page, and a session that has to be opened anew; a reload ends it. */
const draft = createStore<Draft | undefined>(undefined)

export const useDraft = draft.use
/** Opens a refused edit again, unless another has been begun since. */
export const reopenEditing = (refused: Draft) => void (draft.get() ?? draft.set(refused))
export const stopEditing = () => draft.set(undefined)
export const startEditing = (task: Task) => draft.set({ task, title: task.title, description: task.description ?? '' })

export function changeDraft(change: Partial<Draft>): void {
  const current = draft.get()
  if (current) draft.set({ ...current, ...change })
}

/** Whether leaving the page would lose something written. */
export function hasUnsavedDraft(): boolean {
  const current = draft.get()
  if (!current) return false
  return current.title !== current.task.title || current.description !== (current.task.description ?? '')
}
