import { Type } from '@sinclair/typebox'
import { Id, optional, ref } from '../schemas/common.ts'
import { NewTask, Task, TaskCompletion, TaskPage, TaskPatch, TaskQuery } from '../schemas/tasks.ts'
import type { Cursors } from '../src/cursors.ts'
import { problems } from '../src/problems.ts'
import { type TaskPosition, taskPosition } from '../src/repositories/task-lists.ts'
import { tasksRepository } from '../src/repositories/tasks.ts'
import type { Routes } from '../src/typebox.ts'

const tags = ['tasks']
const params = Type.Object({ id: Id })
const one = { 200: ref(Task) }
const list = {
  operationId: 'listTasks',
  tags,
  summary: 'Your tasks, page by page',
  querystring: TaskQuery,
  response: { 200: ref(TaskPage) }
}
const create = {
  operationId: 'createTask',
  tags,
  summary: 'Add a task',
  body: ref(NewTask),
  response: { 201: ref(Task) }
}
const read = { operationId: 'getTask', tags, summary: 'One task', params, response: one, problems: [404] }
const update = {
  operationId: 'updateTask',
  tags,
  summary: 'Change a task; fields left out stay',
  params,
  body: ref(TaskPatch),
  response: one,
  problems: [404]
}
const complete = {
  operationId: 'completeTask',
  tags,
  summary: 'Complete or reopen: toggles without a body, sets with one',
  params,
  body: optional(ref(TaskCompletion)),
  response: one,
  problems: [404]
}
const remove = {
  operationId: 'deleteTask',
  tags,
  summary: 'Delete a task',
  params,
  response: { 204: Type.Null() },
  problems: [404]
}

const found = (task: Task | undefined): Task => {
  if (!task) throw problems.notFound('Task')
  return task
}

export const taskRoutes: Routes<{ cursors: Cursors }> = async function taskRoutes(app, { cursors }) {
  const tasks = tasksRepository(app.db)

  app.get('', { schema: list }, async ({ user, query }) => {
    const { status, sort, limit, cursor, q: search = '' } = query
    const order = query.order ?? (sort === 'created' ? 'desc' : 'asc')
    const scope = JSON.stringify([user.id, status, sort, order, search])
    const after = cursor === undefined ? undefined : cursors.open<TaskPosition>(scope, cursor)
    const rows = await tasks.list(user.id, { status, sort, order, limit: limit + 1, search, after })
    const items = rows.slice(0, limit)
    const last = rows.length > limit ? items.at(-1) : undefined
    return { items, next_cursor: last ? cursors.seal(scope, taskPosition(last, sort)) : null }
  })

  app.post('', { schema: create }, async (request, reply) => {
    const task = await tasks.insert(request.user.id, request.body)
    return reply
      .code(201)
      .header('location', `${new URL(request.url, 'http://localhost').pathname}/${task.id}`)
      .send(task)
  })

  app.get('/:id', { schema: read }, async ({ user, params }) => found(await tasks.find(user.id, params.id)))

  app.put('/:id', { schema: update }, async ({ user, params, body }) =>
    found(await tasks.update(user.id, params.id, body))
  )

  app.patch('/:id/complete', { schema: complete }, async ({ user, params, body }) => {
    const completed = body?.completed
    return found(
      await (completed === undefined
        ? tasks.toggle(user.id, params.id)
        : tasks.update(user.id, params.id, { completed }))
    )
  })

  app.delete('/:id', { schema: remove }, async ({ user, params }, reply) => {
    if (!(await tasks.remove(user.id, params.id))) throw problems.notFound('Task')
    return reply.code(204).send(null)
  })
}
