import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { id, optional, ref } from '../schemas/common.ts'
import { IdempotencyKey, IfMatch, IfNoneMatch } from '../schemas/headers.ts'
import { NewTask, Task, TaskCompletion, TaskPage, TaskPatch, TaskQuery } from '../schemas/tasks.ts'
import { idempotent } from '../src/http/idempotency.ts'
import type { BodyStream } from '../src/http/large-bodies.ts'
import { sendPage } from '../src/http/large-pages.ts'
import { keysetPage } from '../src/http/paging.ts'
import { etagOf, ifMatch, type NoContent, sendVersion, whyUnchanged } from '../src/http/preconditions.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'
import { type TaskPosition, texts } from '../src/repositories/task-lists.ts'
import { type TaskQuota, tasksRepository } from '../src/repositories/tasks.ts'
import type { Versions } from '../src/repositories/versions.ts'

const tags = ['tasks']
const params = Type.Object({ id: id('The id of the task') })
const list = {
  operationId: 'listTasks',
  tags,
  scope: 'tasks:read' as const,
  summary: 'List your tasks, one page at a time',
  description:
    'For the next page send `next_cursor` as `cursor`, with the same other parameters, until it is null. No task is shown ' +
    'twice or skipped when tasks are added meanwhile. A cursor of another query gets 400.',
  querystring: TaskQuery,
  response: { 200: answer('The next tasks of the list', Type.Unsafe<TaskPage | BodyStream>(ref(TaskPage))) }
}
const create = {
  operationId: 'createTask',
  tags,
  scope: 'tasks:write' as const,
  summary: 'Add a task',
  description:
    'The new task is not completed. To repeat a request safely after a lost answer, send the same `Idempotency-Key` ' +
    'again. 409 `quota_exceeded`: delete tasks first.',
  body: ref(NewTask),
  headers: IdempotencyKey,
  response: { 201: answer('The task is added', ref(Task), 'ETag', 'Location', 'Idempotency-Replayed') },
  problems: [409, 422]
}
const read = {
  operationId: 'getTask',
  tags,
  scope: 'tasks:read' as const,
  summary: 'Get a task',
  description: 'A task of another user gets the same 404 as one that does not exist. Keep the `ETag` for `If-Match`.',
  params,
  headers: IfNoneMatch,
  response: {
    200: answer('The task', ref(Task), 'ETag'),
    304: answer('The client has the current version', Type.Unsafe<NoContent>(Type.Null()), 'ETag')
  },
  problems: [404]
}
const update = {
  operationId: 'updateTask',
  tags,
  scope: 'tasks:write' as const,
  summary: 'Change a task; omitted fields keep their values',
  description:
    'A `description` of null removes it. With `If-Match` the change is made only to the version that the client has ' +
    'seen: after 412 read the task again.',
  params,
  body: ref(TaskPatch),
  headers: IfMatch,
  response: { 200: answer('The changed task', ref(Task), 'ETag') },
  problems: [404, 409, 412]
}
const complete = {
  operationId: 'completeTask',
  tags,
  scope: 'tasks:write' as const,
  summary: 'Complete or reopen a task: toggles without a body, sets the state with one',
  description: 'Send the body where you can: a repeated request then has the same effect.',
  params,
  body: optional(ref(TaskCompletion)),
  headers: IfMatch,
  response: { 200: answer('The changed task', ref(Task), 'ETag') },
  problems: [404, 412]
}
const remove = {
  operationId: 'deleteTask',
  tags,
  scope: 'tasks:write' as const,
  summary: 'Delete a task',
  description: 'It cannot be restored. A repeated request gets 404, which a client may take for success.',
  params,
  headers: IfMatch,
  response: { 204: nothing('The task is deleted') },
  problems: [404, 412]
}

interface Options {
  taskQuota: TaskQuota
}

export const taskRoutes: Routes<Options> = async function taskRoutes(app, { taskQuota }) {
  const { cursors } = app
  const tasks = tasksRepository(app.db, taskQuota)
  const reading = tasksRepository(app.reads)
  const createOnce = idempotent<NewTask, Task>(app.db, {
    insert: tasks.insert,
    insertOnce: tasks.insertOnce,
    same: ({ title, description = null }) => [title, description],
    replay: ({ id, created_at }, { title, description = null }) => ({
      ...{ id, title, description, completed: false, created_at },
      updated_at: created_at
    })
  })
  const unchanged = (userId: string, id: string, versions: Versions) =>
    whyUnchanged('Task', versions, () => tasks.find(userId, id))

  app.get('', { schema: list }, async ({ user, query }, reply) => {
    const { status, sort, limit, cursor, q: search = '' } = query
    const order = query.order ?? (sort === 'created' ? 'desc' : 'asc')
    // `title_sort` makes cursors invalid that an earlier release issued for another sort key.
    const sorted = [user.id, status, sort === 'title' ? 'title_sort' : sort, order, search]
    const page = await keysetPage(cursors, { query: sorted, cursor }, (after: TaskPosition | undefined) => {
      const options = { status, sort, order, limit, after }
      return search ? reading.search(user.id, search, options) : reading.list(user.id, options)
    })
    return sendPage(reply, page, { item: read.response[200], texts })
  })

  app.post('', { schema: create }, async (request, reply) => {
    const { row, location } = await createOnce(request, reply)
    return reply.code(201).header('location', location).header('etag', etagOf(row)).send(row)
  })

  app.get('/:id', { schema: read }, async (request, reply) => {
    const task = await reading.find(request.user.id, request.params.id)
    if (!task) throw problems.notFound('Task')
    return sendVersion(request, reply, task)
  })

  app.put('/:id', { schema: update }, async (request, reply) => {
    const { user, params, body } = request
    const versions = ifMatch(request)
    const task = await tasks.update(user.id, params.id, body, versions)
    if (!task) throw await unchanged(user.id, params.id, versions)
    reply.header('etag', etagOf(task))
    return task
  })

  app.patch('/:id/complete', { schema: complete }, async (request, reply) => {
    const { user, params, body } = request
    const completed = body?.completed
    const versions = ifMatch(request)
    const task = await (completed === undefined
      ? tasks.toggle(user.id, params.id, versions)
      : tasks.update(user.id, params.id, { completed }, versions))
    if (!task) throw await unchanged(user.id, params.id, versions)
    reply.header('etag', etagOf(task))
    return task
  })

  app.delete('/:id', { schema: remove }, async (request, reply) => {
    const { user, params } = request
    const versions = ifMatch(request)
    if (!(await tasks.remove(user.id, params.id, versions))) throw await unchanged(user.id, params.id, versions)
    return reply.code(204).send(null)
  })
}
