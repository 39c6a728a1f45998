import { type Static, Type } from '@sinclair/typebox'
import { filledText, Id, oneOf, pageOf, ref, Timestamp, text } from './common.ts'

const title = filledText(200, '1 to 200 characters, not only blanks, without U+0000')
const description = Type.Union([text(10_000, 'at most 10,000 characters, without U+0000'), Type.Null()])

export const Task = Type.Object(
  {
    id: Id,
    title: Type.String(),
    description: Type.Union([Type.String(), Type.Null()]),
    completed: Type.Boolean(),
    created_at: Timestamp,
    updated_at: Timestamp
  },
  { $id: 'Task' }
)
export type Task = Static<typeof Task>

export const NewTask = Type.Object(
  { title, description: Type.Optional(description) },
  { $id: 'NewTask', additionalProperties: false }
)
export type NewTask = Static<typeof NewTask>

export const TaskPatch = Type.Object(
  { title: Type.Optional(title), description: Type.Optional(description), completed: Type.Optional(Type.Boolean()) },
  { $id: 'TaskPatch', additionalProperties: false }
)
export type TaskPatch = Static<typeof TaskPatch>

export const TaskCompletion = Type.Object(
  { completed: Type.Optional(Type.Boolean()) },
  { $id: 'TaskCompletion', additionalProperties: false }
)
export type TaskCompletion = Static<typeof TaskCompletion>

export const TaskPage = pageOf(ref(Task), 'TaskPage')
export type TaskPage = Static<typeof TaskPage>

export const TaskQuery = Type.Object(
  {
    status: oneOf(['all', 'pending', 'completed'], { default: 'all' }),
    sort: oneOf(['created', 'title'], {
      default: 'created',
      description: 'title compares letters, then accents, then case (apple, Apple, Zebra), and numbers by value (2, 10)'
    }),
    order: Type.Optional(oneOf(['asc', 'desc'], { description: 'default: desc for created, asc for title' })),
    limit: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'tasks in a page; a page ends early rather than exceed 1 MiB'
    }),
    cursor: Type.Optional(Type.String({ maxLength: 4_096, description: 'next_cursor of the previous page' })),
    q: Type.Optional(
      text(
        200,
        'finds text in title or description, whatever its case (Unicode: NFKC_Casefold). A page may be short or empty while there is a next_cursor'
      )
    )
  },
  { additionalProperties: false }
)
export type TaskQuery = Static<typeof TaskQuery>
