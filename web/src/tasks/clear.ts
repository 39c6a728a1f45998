import { isGone, isPassing, isSessionEnd, retryAfter } from '../api/problem.ts'
import { deleteTask, listCompleted } from '../api/tasks.ts'
import type { Task } from '../api/types.ts'
import { tenure } from '../tenure.ts'
import { say, warn } from '../ui/notices.ts'
import { endClearing, isStopped, showCleared, startClearing } from './clearing.ts'
import { isBeingDeleted } from './deletions.ts'
import { changedHere } from './our-doing.ts'
import { removeTask } from './queries.ts'

/** Every completed task, except those whose deletion can still be undone. */
export async function findCompleted(): Promise<Task[]> {
  const tasks: Task[] = []
  let cursor: string | null | undefined
  do {
    const page = await listCompleted(cursor)
    tasks.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return tasks.filter(({ id }) => !isBeingDeleted(id))
}

/** Refusals of one request before it counts as failed, and the longest wait in seconds between two. */
const patience = { tries: 5, wait: 60 }

async function deletePatiently(id: string): Promise<void> {
  for (let tried = 1; ; tried++)
    try {
      return void (await deleteTask(id, false))
    } catch (error) {
      if (isGone(error)) return
      const seconds = retryAfter(error)
      if (!isPassing(error) || tried === patience.tries || seconds > patience.wait || isStopped()) throw error
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    }
}

const were = (count: number) => (count === 1 ? 'was' : 'were')

/** Deletes them one by one, since the API deletes one task a request, and reports what came of it. */
export async function clear(tasks: readonly Task[]): Promise<void> {
  const since = tenure()
  const { length } = tasks
  let done = 0
  let problem: unknown
  startClearing(length)
  for (const { id } of tasks) {
    if (isStopped() || since !== tenure()) break
    // Before the answer: a list that is read meanwhile lacks the task already.
    changedHere.add(id)
    try {
      await deletePatiently(id)
      done += 1
      if (since === tenure()) removeTask(id)
      showCleared(done, length)
    } catch (error) {
      problem = error
      // The next one would fare no better.
      if (isPassing(error) || isSessionEnd(error)) break
    }
  }
  endClearing()
  const left = length - done
  if (left === 0) say(`${length} completed ${length === 1 ? 'task' : 'tasks'} ${were(length)} deleted.`)
  else if (since !== tenure())
    warn(`${left} ${left === 1 ? 'task' : 'tasks'} ${were(left)} not deleted: you were signed out first.`)
  else if (problem) warn(`${done} of ${length} completed tasks ${were(done)} deleted.`, problem)
  else say(`${done} of ${length} completed tasks ${were(done)} deleted.`)
}
