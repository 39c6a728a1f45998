import type { Task, TaskPatch } from '../api/types.ts'
import { createStore } from '../store.ts'
import { forgetNewTasks, hasUnsent } from './adding.ts'
import type { NewTask } from './new-task.ts'
import { givenTask } from './queries.ts'

export interface Draft {
  task: Task
  title: string
  description: string
  /** Why the server refused it, once it has. */
  problem?: unknown
  /** The task that it was to become, its own being gone. */
  tried?: NewTask
}

/** The edits under way, by their tasks' ids. They outlive rows, the page, and a session that has to be opened anew; a reload ends them. */
const drafts = createStore<ReadonlyMap<string, Draft>>(new Map())
/** Edits on their way to the server: a refusal brings them back. */
const sent = new Set<Draft>()

const keep = (wanted: (draft: Draft) => boolean) => new Map([...drafts.get()].filter(([, draft]) => wanted(draft)))
const put = (draft: Draft, among = drafts.get()) => drafts.set(new Map(among).set(draft.task.id, draft))

const isChanged = ({ task, title, description, problem }: Draft) =>
  problem !== undefined || title !== task.title || description !== (task.description ?? '')

export const useDrafts = drafts.use
export const closeDraft = (id: string) => drafts.set(keep(({ task }) => task.id !== id))
/** Lets go of everything written: another user comes. */
export function stopEditing(): void {
  sent.clear()
  forgetNewTasks()
  drafts.set(new Map())
}

/** Others in which something is written stay open. */
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

/** Opens a refused edit again, or what was written of the same task since, which began with it. False when it was another user's. */
export function draftRefused(draft: Draft, patch: TaskPatch, problem: unknown): boolean {
  const { id } = draft.task
  const latest = drafts.get().get(id) ?? [...sent].findLast(({ task }) => task.id === id)
  if (!sent.delete(draft) || !latest) return false
  // It may have begun with what is refused now: it is compared with what the server has.
  const given = givenTask(id) ?? draft.task
  const undone = Object.fromEntries(Object.keys(patch).map((field) => [field, given[field as keyof TaskPatch]]))
  put({ ...latest, task: { ...latest.task, ...undone }, problem })
  return true
}

/** Whether leaving the page would lose something written. */
export const hasUnsavedDraft = () => hasUnsent() || keep(isChanged).size > 0
