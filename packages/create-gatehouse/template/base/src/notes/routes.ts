import {
  answer,
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
  sendVersion,
  Type,
  whyUnchanged
} from '@gatehouse/server'
import { notesRepository } from './repository.ts'
import { NewNote, Note, NotePage, NotePatch, NoteQuery } from './schemas.ts'

const tags = ['notes']
const params = Type.Object({ id: id('The id of the note') })
const list = {
  operationId: 'listNotes',
  tags,
  scope: 'notes:read',
  summary: 'List your notes, one page at a time',
  description: 'Newest first. For the next page send `next_cursor` as `cursor`, until it is null.',
  querystring: NoteQuery,
  response: { 200: answer('The next notes', ref(NotePage)) }
}
const create = {
  operationId: 'createNote',
  tags,
  scope: 'notes:write',
  summary: 'Add a note',
  description: 'To repeat a request safely after a lost answer, send the same `Idempotency-Key` again.',
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
  description: 'A note of another user gets the same 404 as one that does not exist. Keep the `ETag` for `If-Match`.',
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
  description: 'With `If-Match` only the version that the client has seen is changed: after 412 read the note again.',
  params,
  body: ref(NotePatch),
  headers: IfMatch,
  response: { 200: answer('The changed note', ref(Note), 'ETag') },
  problems: [404, 412]
}
const remove = {
  operationId: 'deleteNote',
  tags,
  scope: 'notes:write',
  summary: 'Delete a note',
  description: 'It cannot be restored.',
  params,
  headers: IfMatch,
  response: { 204: nothing('The note is deleted') },
  problems: [404, 412]
}

export const noteRoutes: Routes = async function noteRoutes(app) {
  const notes = notesRepository(app.db)
  const createOnce = idempotent<NewNote, Note>(app.db, {
    insert: notes.insert,
    insertOnce: notes.insertOnce,
    replay: ({ id, created_at }, { text }) => ({ id, text, created_at, updated_at: created_at })
  })

  app.get('', { schema: list }, ({ user, query: { limit, cursor } }) =>
    keysetPage(app.cursors, { query: [user.id, 'notes'], cursor }, (after: Position | undefined) =>
      notes.list({ userId: user.id }, { sort: 'created', order: 'desc', limit, after })
    )
  )

  app.post('', { schema: create }, async (request, reply) => {
    const { row, location } = await createOnce(request, reply)
    return reply.code(201).header('location', location).header('etag', etagOf(row)).send(row)
  })

  app.get('/:id', { schema: read }, async (request, reply) => {
    const note = await notes.find(request.user.id, request.params.id)
    if (!note) throw problems.notFound('Note')
    return sendVersion(request, reply, note)
  })

  app.put('/:id', { schema: update }, async (request, reply) => {
    const { user, params, body } = request
    const versions = ifMatch(request)
    const note = await notes.update(user.id, params.id, body, versions)
    if (!note) throw await whyUnchanged('Note', versions, () => notes.find(user.id, params.id))
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
