import type { Task } from '../api/types.ts'
import { createStore } from '../store.ts'

/** Milliseconds in which a deletion can be undone. It is sent only afterwards. */
const grace = 8_000
/** The same, while the user hovers over or focuses the undo button. */
const longGrace = 30_000

interface Deletion {
  task: Task
  timer: ReturnType<typeof setTimeout>
}

/** Sends a deletion; `leaving`: the page is about to close. */
type Send = (task: Task, leaving: boolean) => Promise<void>

const waiting = createStore<ReadonlyMap<string, Deletion>>(new Map())
let send: Send = async () => {}
let justAsked: string | undefined

export const useDeletions = waiting.use
export const onDeletion = (sender: Send) => {
  send = sender
}

/** Removes a pending deletion. */
function withdraw(id: string): Deletion | undefined {
  const deletion = waiting.get().get(id)
  if (!deletion) return undefined
  clearTimeout(deletion.timer)
  waiting.set(new Map([...waiting.get()].filter(([key]) => key !== id)))
  return deletion
}

async function carryOut(id: string, leaving = false): Promise<void> {
  const deletion = withdraw(id)
  if (deletion) await send(deletion.task, leaving)
}

const countDown = (id: string, time: number) => setTimeout(() => carryOut(id), time)

export function scheduleDeletion(task: Task): void {
  justAsked = task.id
  waiting.set(new Map(waiting.get()).set(task.id, { task, timer: countDown(task.id, grace) }))
}

/** True once after a deletion: the row that then appears takes the focus. */
export function isJustDeleted(id: string): boolean {
  const answer = justAsked === id
  if (answer) justAsked = undefined
  return answer
}

export const isBeingDeleted = (id: string) => waiting.get().has(id)
export const undoDeletion = (id: string) => void withdraw(id)

function restart(id: string, time: number): void {
  const deletion = waiting.get().get(id)
  if (!deletion) return
  clearTimeout(deletion.timer)
  deletion.timer = countDown(id, time)
}

export const holdDeletion = (id: string) => restart(id, longGrace)
export const releaseDeletion = (id: string) => restart(id, grace)

/** Sends all pending deletions at once. */
export async function flushDeletions(leaving = false): Promise<void> {
  await Promise.all([...waiting.get().keys()].map((id) => carryOut(id, leaving)))
}

/** Discards all pending deletions and returns them: they are another user's, or too late. */
export const dropDeletions = () => [...waiting.get().keys()].flatMap((id) => withdraw(id)?.task ?? [])
