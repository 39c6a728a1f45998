import type { AuthResponse, Login, NewTask, NewUser, Task, TaskPage } from '../../web/client/src/api.ts'

/** What the journey does with each generated client. An adapter calls the client in the way of its generator. */
export interface Client {
  /** A message where the address must be confirmed first. */
  register(user: NewUser): Promise<AuthResponse | { message: string }>
  login(login: Login): Promise<AuthResponse>
  createTask(task: NewTask): Promise<Task>
  listTasks(query: { status: 'completed' | 'pending'; limit: number }): Promise<TaskPage>
  completeTask(id: string, completed: boolean): Promise<Task>
  deleteTask(id: string): Promise<unknown>
  /** Gets a task that does not exist, and returns the problem. */
  missingTask(id: string): Promise<unknown>
}

export type Connect = (url: string, token?: string) => Client | Promise<Client>

/** What a promise was rejected with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error
  )
