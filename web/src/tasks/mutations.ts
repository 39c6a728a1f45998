import { useMutation, useMutationState } from '@tanstack/react-query'
import { isGone } from '../api/problem.ts'
import { queries } from '../api/queries.ts'
import { addTask, changeTask, deleteTask } from '../api/tasks.ts'
import type { Task, TaskPatch } from '../api/types.ts'
import { tenure } from '../tenure.ts'
import { warn, whisper } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import { newTaskAccepted } from './adding.ts'
import { onDeletion } from './deletions.ts'
import type { NewTask } from './new-task.ts'
import { changedHere } from './our-doing.ts'
import { prependTask, removeTask, replaceTask } from './queries.ts'

export interface Change {
  task: Task
  patch: TaskPatch
}

const keys = { add: ['add-task'], change: ['change-task'], remove: ['remove-task'] }

/** The variables of a running mutation. The list shows it as done, so a refusal needs no rollback. */
function usePending<Variables>(mutationKey: string[]): Variables[] {
  return useMutationState({
    filters: { mutationKey, status: 'pending' },
    select: ({ state }) => state.variables as Variables
  })
}

export const usePendingAdditions = () => usePending<Task>(keys.add)
export const usePendingChanges = () => usePending<Change>(keys.change)
export const usePendingRemovals = () => usePending<Task>(keys.remove)

/** Removes a task that was deleted elsewhere, and says so. */
export function tellGone(task: Task): void {
  removeTask(task.id)
  warn(`${quoted(task.title)} was deleted on another device.`)
}

/** Adds a task. Its variables are the task as shown until the server returns id and times. */
export const useAddTask = (onError: (problem: unknown, task: NewTask) => void = () => {}) =>
  useMutation({
    mutationKey: keys.add,
    mutationFn: ({ title, description, key }: NewTask) => addTask({ title, description }, key),
    onMutate: tenure,
    // Pending until the task is in the list, so that it never disappears.
    onSuccess: (task, asked, since) => {
      if (since !== tenure()) return
      newTaskAccepted(asked)
      changedHere.add(task.id)
      whisper(`Added: ${task.title}`)
      return prependTask(task)
    },
    onError
  })

/** Changes of one task are sent in order. The row may be gone when a refusal arrives. */
export const useChangeTask = (id: string, onError: (problem: unknown, change: Change) => void = () => {}) =>
  useMutation({
    mutationKey: keys.change,
    scope: { id },
    mutationFn: ({ task, patch }: Change) => changeTask(task.id, patch),
    onMutate({ task }) {
      changedHere.add(task.id)
      return tenure()
    },
    onSuccess: (task, { patch }) => void replaceTask(task, patch),
    onError(problem, change, since) {
      if (since === tenure()) onError(problem, change)
    }
  })

/** For changes outside a form. */
export function tellRefused(error: unknown, { task }: Change): void {
  if (isGone(error)) tellGone(task)
  else warn(`${quoted(task.title)} was not changed.`, error)
}

/** Deletions outlive the list page, so no component owns them. */
export function startDeleting(): void {
  const cache = queries.getMutationCache()
  onDeletion(async (task, leaving) => {
    changedHere.add(task.id)
    const since = tenure()
    const mutation = cache.build(queries, {
      mutationKey: keys.remove,
      mutationFn: () => deleteTask(task.id, leaving),
      onSuccess: () => removeTask(task.id),
      onError: (error) => {
        if (isGone(error)) return removeTask(task.id)
        if (since === tenure()) warn(`${quoted(task.title)} was not deleted.`, error)
      }
    })
    // The error has been reported by then.
    await mutation.execute(task).catch(() => {})
  })
}
