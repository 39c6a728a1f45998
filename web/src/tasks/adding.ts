import { hasCode } from '../api/problem.ts'
import { createStore } from '../store.ts'
import { type NewTask, newTask } from './new-task.ts'

interface Unsent {
  title: string
  description: string
  /** Why the server refused it. */
  problem?: unknown
  /** What was sent then. */
  tried?: NewTask | undefined
}

const blank: Unsent = { title: '', description: '' }
const isBlank = ({ title, description }: Unsent) => title === '' && description === ''

/** The content of the form for a new task. It survives navigation and a new sign-in, but not a reload. */
const form = createStore<Unsent>(blank)
/** Tasks being sent; a refusal restores them. */
const sent = new Set<NewTask>()
/** Refused while the form contained something else. */
const waiting: Unsent[] = []

const fill = (text: Unsent) => form.set(isBlank(text) ? (waiting.shift() ?? blank) : text)

export const useUnsent = form.use
export const writeNewTask = (change: Partial<Unsent>) => fill({ ...form.get(), ...change })
/** Whether leaving the page would lose a task that has not been added. */
export const hasUnsent = () => !isBlank(form.get())

/** Empties the form, and returns the task to send. */
export function sendNewTask(): NewTask {
  const { title, description, tried } = form.get()
  const task = newTask(title, description, tried)
  sent.add(task)
  fill(blank)
  return task
}

export const newTaskAccepted = (task: NewTask) => void sent.delete(task)

/** Restores a refused task's text, as soon as the form is empty; never if the user has changed. */
export function newTaskRefused(task: NewTask, problem: unknown): 'back' | 'waiting' | 'gone' {
  if (!sent.delete(task)) return 'gone'
  const tried = hasCode(problem, 'idempotency_mismatch') ? undefined : task
  const text = { title: task.title, description: task.description ?? '', problem, tried }
  if (hasUnsent()) {
    waiting.push(text)
    return 'waiting'
  }
  form.set(text)
  return 'back'
}

/** Called when the user changes. */
export function forgetNewTasks(): void {
  sent.clear()
  waiting.length = 0
  form.set(blank)
}
