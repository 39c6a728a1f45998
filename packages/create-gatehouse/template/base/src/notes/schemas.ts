import { filledText, id, pageOf, pageParameters, ref, type Static, Type, timestamp } from '@gatehouse/server'

const text = filledText(10_000, '1 to 10,000 characters, not only blanks, without U+0000')
const examples = [{ text: 'Milk' }]

export const Note = Type.Object(
  {
    id: id('The id of the note'),
    text: Type.String({ description: 'What the user wrote' }),
    created_at: timestamp('When the note was added'),
    updated_at: timestamp('When the note was last changed')
  },
  { $id: 'Note', description: 'A note of the user' }
)
export type Note = Static<typeof Note>

export const NewNote = Type.Object(
  { text },
  { $id: 'NewNote', additionalProperties: false, description: 'A note to add', examples }
)
export type NewNote = Static<typeof NewNote>

export const NotePatch = Type.Object(
  { text: Type.Optional(text) },
  { $id: 'NotePatch', additionalProperties: false, description: 'The fields of a note to change', examples }
)
export type NotePatch = Static<typeof NotePatch>

export const NotePage = pageOf(ref(Note), {
  $id: 'NotePage',
  description: 'A page of notes',
  examples: [{ items: [], next_cursor: null }]
})
export type NotePage = Static<typeof NotePage>

export const NoteQuery = Type.Object(pageParameters('Notes'), { additionalProperties: false })
