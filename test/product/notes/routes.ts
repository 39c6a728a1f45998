import {
  answer,
  type BodyStream,
  defineProblem,
  etagOf,
  IdempotencyKey,
  IfMatch,
  IfNoneMatch,
  id,
  idempotent,
  ifMatch,
  keysetPage,
  type NoContent,
  nothing,
  type Position,
  problems,
  type Routes,
  ref,
  sendPage,
  sendVersion,
  Type,
  whyUnchanged
} from '../../../src/index.ts'
import { notesRepository, texts } from './repository.ts'
import { NewNote, Note, NoteCounts, NotePage, NotePatch, NoteQuery } from './schemas.ts'

export const noteLocked = defineProblem({ status: 423, code: 'note_locked', detail: 'The note is locked' })
export const tooManyNotes = defineProblem({ status: 409, code: 'too_many_notes', detail: 'There are too many notes' })

const tags = ['notes']
const params = Type.Object({ id: id('The id of the note') })
const list = {
  operationId: 'listNotes',
  tags,
  scope: 'notes:read',
  summary: 'List your notes',
  description: 'Newest first. For the next page send `next_cursor` as `cursor`.',
  querystring: NoteQuery,
  response: { 200: answer('The next notes', Type.Unsafe<NotePage | BodyStream>(ref(NotePage))) }
}
const create = {
  operationId: 'createNote',
  tags,
  scope: 'notes:write',
  summary: 'Add a note',
  description: 'To repeat a request safely, send the same `Idempotency-Key` again.',
  body: ref(NewNote),
  headers: IdempotencyKey,
  response: { 201: answer('The note is added', ref(Note), 'ETag', 'Location', 'Idempotency-Replayed') },
  problems: [409, 422]
}
const read = {
  operationId: 'getNote',
  tags,
  scope: 'notes:read',
  summary: 'Get a note',
  description: 'A note of another user gets the same 404 as one that does not exist.',
  params,
  headers: IfNoneMatch,
  response: {
    200: answer('The note', ref(Note), 'ETag'),
    304: answer('The client has the current version', Type.Unsafe<NoContent>(Type.Null()), 'ETag')
  },
  problems: [404]
}
const update = {
  operationId: 'updateNote',
  tags,
  scope: 'notes:write',
  summary: 'Change a note',
  description: 'With `If-Match` only the version that the client has seen.',
  params,
  body: ref(NotePatch),
  headers: IfMatch,
  response: { 200: answer('The changed note', ref(Note), 'ETag') },
  problems: [404, 412, 423]
}
const remove = {
  operationId: 'deleteNote',
  tags,
  stepUp: true,
  summary: 'Delete a note',
  description: 'It cannot be restored.',
  params,
  headers: IfMatch,
  response: { 204: nothing('The note is deleted') },
  problems: [404, 412]
}
const count = {
  operationId: 'countNotes',
  tags,
  summary: 'Count all notes',
  description: 'Of all users.',
  response: { 200: answer('The counts', ref(NoteCounts)) }
}
const limits = {
  operationId: 'getNoteLimits',
  tags,
  summary: 'Get the limits',
  description: 'The same for all users.',
  response: { 200: answer('The limits', Type.Object({ notes: Type.Integer({ description: 'Notes of all users' }) })) }
}

export const noteRoutes: Routes<{ limit: number }> = async function noteRoutes(app, { limit }) {
  const notes = notesRepository(app.db)
  const reading = notesRepository(app.reads)
  const createOnce = idempotent<NewNote, Note>(app.db, {
    insert: notes.insert,
    insertOnce: notes.insertOnce,
    replay: ({ id, created_at }, { text }) => ({ id, text, locked: false, created_at, updated_at: created_at })
  })

  app.get('', { schema: list }, async ({ user, query: { state, limit, cursor } }, reply) => {
    const query = [user.id, 'notes', state]
    const page = await keysetPage(app.cursors, { query, cursor }, (after: Position | undefined) =>
      reading.list({ userId: user.id }, { sort: 'created', order: 'desc', filter: state, limit, after })
    )
    return sendPage(reply, page, { item: read.response[200], texts })
  })

  app.post('', { schema: create }, async (request, reply) => {
    if ((await notes.count()) >= limit) throw tooManyNotes({ detail: `There are ${limit} notes` })
    const { row, location } = await createOnce(request, reply)
    return reply.code(201).header('location', location).header('etag', etagOf(row)).send(row)
  })

  app.get('/:id', { schema: read }, async (request, reply) => {
    const note = await reading.find(request.user.id, request.params.id)
    if (!note) throw problems.notFound('Note')
    return sendVersion(request, reply, note)
  })

  app.put('/:id', { schema: update }, async (request, reply) => {
    const { user, params, body } = request
    const find = () => notes.find(user.id, params.id)
    if ((await find())?.locked) throw noteLocked()
    const versions = ifMatch(request)
    const note = await notes.update(user.id, params.id, body, versions)
    if (!note) throw await whyUnchanged('Note', versions, find)
    reply.header('etag', etagOf(note))
    return note
  })

  app.delete('/:id', { schema: remove }, async (request, reply) => {
    const { user, params } = request
    const versions = ifMatch(request)
    if (!(await notes.remove(user.id, params.id, versions)))
      throw await whyUnchanged('Note', versions, () => notes.find(user.id, params.id))
    return reply.code(204).send(null)
  })
}

export const noteAdminRoutes: Routes = async function noteAdminRoutes(app) {
  const notes = notesRepository(app.db)

  app.get('/count', { schema: count }, async () => ({ notes: await notes.count() }))
}

export const noteLimitRoutes: Routes<{ limit: number }> = async function noteLimitRoutes(app, { limit }) {
  app.get('', { schema: limits }, async () => ({ notes: limit }))
}
