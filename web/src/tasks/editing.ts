import type { Task } from '../api/types.ts'
import { createStore } from '../store.ts'

export interface Draft {
  task: Task
  title: string
  description: string
  /** Why the server refused it, once it has. */
  problem?: unknown
}

/** The edits under way, by their tasks' ids. They outlive rows, the page, and a session that has to be opened anew; a reload ends them. */
const drafts = createStore<ReadonlyMap<string, Draft>>(new Map())

const keep = (wanted: (draft: Draft) => boolean) => new Map([...drafts.get()].filter(([, draft]) => wanted(draft)))
const put = (draft: Draft, among = drafts.get()) => drafts.set(new Map(among).set(draft.task.id, draft))

const isChanged = ({ task, title, description, problem }: Draft) =>
  problem !== undefined || title !== task.title || description !== (task.description ?? '')

export const useDrafts = drafts.use
/** Opens a refused edit again, unless another of the same task has been begun since. */
export const reopenEditing = (refused: Draft) => void (drafts.get().has(refused.task.id) || put(refused))
export const closeDraft = (id: string) => drafts.set(keep(({ task }) => task.id !== id))
/** Ends every edit: another user comes. */
export const stopEditing = () => drafts.set(new Map())

/** Others in which something is written stay open. */
export const startEditing = (task: Task) =>
  put({ task, title: task.title, description: task.description ?? '' }, keep(isChanged))

export function changeDraft(id: string, change: Partial<Draft>): void {
  const current = drafts.get().get(id)
  if (current) put({ ...current, ...change })
}

/** Whether leaving the page would lose something written. */
export const hasUnsavedDraft = () => keep(isChanged).size > 0
