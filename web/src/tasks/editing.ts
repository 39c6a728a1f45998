import type { Task, TaskPatch } from '../api/types.ts'
import { createStore } from '../store.ts'
import { forgetNewTasks, hasUnsent } from './adding.ts'
import type { NewTask } from './new-task.ts'
import { givenTask } from './queries.ts'

export interface Draft {
  task: Task
  title: string
  description: string
  /** Why the server refused it. */
  problem?: unknown
  /** The task created instead, because the original is gone. */
  tried?: NewTask
}

/** Edits in progress by task id. They survive unmounting, navigation and a new sign-in, but not a reload. */
const drafts = createStore<ReadonlyMap<string, Draft>>(new Map())
/** Edits being sent; a refusal restores them. */
const sent = new Set<Draft>()

const keep = (wanted: (draft: Draft) => boolean) => new Map([...drafts.get()].filter(([, draft]) => wanted(draft)))
const put = (draft: Draft, among = drafts.get()) => drafts.set(new Map(among).set(draft.task.id, draft))

const isChanged = ({ task, title, description, problem }: Draft) =>
  problem !== undefined || title !== task.title || description !== (task.description ?? '')

export const useDrafts = drafts.use
export const closeDraft = (id: string) => drafts.set(keep(({ task }) => task.id !== id))
/** Discards all edits: the user changes. */
export function stopEditing(): void {
  sent.clear()
  forgetNewTasks()
  drafts.set(new Map())
}

/** Other edits with changes stay open. */
export const startEditing = (task: Task) =>
  put({ task, title: task.title, description: task.description ?? '' }, keep(isChanged))

export function changeDraft(id: string, change: Partial<Draft>): void {
  const current = drafts.get().get(id)
  if (current) put({ ...current, ...change })
}

export function sendDraft(draft: Draft): void {
  closeDraft(draft.task.id)
  sent.add(draft)
}

export const draftAccepted = (draft: Draft) => void sent.delete(draft)

/** Reopens a refused edit, or merges it into a later edit of the same task. Returns false if the user has changed. */
export function draftRefused(draft: Draft, patch: TaskPatch, problem: unknown): boolean {
  const { id } = draft.task
  const latest = drafts.get().get(id) ?? [...sent].findLast(({ task }) => task.id === id)
  if (!sent.delete(draft) || !latest) return false
  // The later edit may be based on the refused one, so it is compared with the server's version.
  const given = givenTask(id) ?? draft.task
  const undone = Object.fromEntries(Object.keys(patch).map((field) => [field, given[field as keyof TaskPatch]]))
  put({ ...latest, task: { ...latest.task, ...undone }, problem })
  return true
}

/** Whether leaving the page would lose changes. */
export const hasUnsavedDraft = () => hasUnsent() || keep(isChanged).size > 0
