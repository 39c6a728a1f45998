import { answer, defineProblem, id, problems, type Routes, ref, Type } from '../../../src/index.ts'
import { notesRepository } from './repository.ts'
import { NewNote, Note, NoteCounts } from './schemas.ts'

export const noteLocked = defineProblem({ status: 423, code: 'note_locked', detail: 'The note is locked' })
export const tooManyNotes = defineProblem({ status: 409, code: 'too_many_notes', detail: 'There are too many notes' })

const tags = ['notes']
const params = Type.Object({ id: id('The id of the note') })
const create = {
  operationId: 'createNote',
  tags,
  scope: 'notes:write',
  summary: 'Add a note',
  description: 'The answer has its id.',
  body: ref(NewNote),
  response: { 201: answer('The note is added', ref(Note)) },
  problems: [409]
}
const read = {
  operationId: 'getNote',
  tags,
  scope: 'notes:read',
  summary: 'Get a note',
  description: 'A note of another user gets the same 404 as one that does not exist.',
  params,
  response: { 200: answer('The note', ref(Note)) },
  problems: [404, 423]
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
  response: { 200: answer('The limits', Type.Object({ notes: Type.Integer({ description: 'Notes of a user' }) })) }
}

export const noteRoutes: Routes<{ limit: number }> = async function noteRoutes(app, { limit }) {
  const notes = notesRepository(app.db)

  app.post('', { schema: create }, async ({ user, body }, reply) => {
    if ((await notes.count()) >= limit) throw tooManyNotes({ detail: `There are ${limit} notes` })
    return reply.code(201).send(await notes.insert(user.id, body))
  })

  app.get('/:id', { schema: read }, async ({ user, params }) => {
    const note = await notes.find(user.id, params.id)
    if (!note) throw problems.notFound('Note')
    if (note.locked) throw noteLocked()
    return note
  })
}

export const noteAdminRoutes: Routes = async function noteAdminRoutes(app) {
  const notes = notesRepository(app.db)

  app.get('/count', { schema: count }, async () => ({ notes: await notes.count() }))
}

export const noteLimitRoutes: Routes<{ limit: number }> = async function noteLimitRoutes(app, { limit }) {
  app.get('', { schema: limits }, async () => ({ notes: limit }))
}
