import { filledText, id, oneOf, pageOf, pageParameters, ref, type Static, Type, timestamp } from '../../../src/index.ts'

const text = filledText(10_000, '1 to 10,000 characters, not only blanks, without U+0000')

export const Note = Type.Object(
  {
    id: id('The id of the note'),
    text: Type.String({ description: 'What the user wrote' }),
    locked: Type.Boolean({ description: 'Whether it can no longer be changed' }),
    created_at: timestamp('When the note was added'),
    updated_at: timestamp('When the note was last changed')
  },
  { $id: 'Note', description: 'A note of the user' }
)
export type Note = Static<typeof Note>

export const NewNote = Type.Object(
  { text },
  { $id: 'NewNote', additionalProperties: false, description: 'A note to add', examples: [{ text: 'Milk' }] }
)
export type NewNote = Static<typeof NewNote>

export const NotePatch = Type.Object(
  {
    text: Type.Optional(text),
    locked: Type.Optional(Type.Boolean({ description: 'Whether it can no longer be changed' }))
  },
  { $id: 'NotePatch', additionalProperties: false, description: 'The fields to change', examples: [{ text: 'Oats' }] }
)
export type NotePatch = Static<typeof NotePatch>

export const NotePage = pageOf(ref(Note), {
  $id: 'NotePage',
  description: 'A page of notes',
  examples: [{ items: [], next_cursor: null }]
})
export type NotePage = Static<typeof NotePage>

export const NoteState = oneOf(['all', 'open'], {
  $id: 'NoteState',
  default: 'all',
  description: 'Which notes to list: all, or those that are not locked'
})

export const NoteQuery = Type.Object(
  { state: ref(NoteState), ...pageParameters('Notes') },
  { additionalProperties: false }
)

export const NoteCounts = Type.Object(
  { notes: Type.Integer({ description: 'How many notes there are' }) },
  { $id: 'NoteCounts', description: 'What all users store' }
)

/** Is named in `schemas` of the product only. */
export const Unused = Type.Object({ note: ref(Note) }, { $id: 'Unused', description: 'For a later version' })
