import { type Static, Type } from '@sinclair/typebox'
import { filledText, id, nullable, oneOf, pageOf, pageParameters, ref, text, timestamp } from './common.ts'
import { example } from './examples.ts'

const title = filledText(200, '1 to 200 characters, not only blanks, without U+0000')
const details = 'More about the task, or null'
const description = nullable(text(10_000, 'At most 10,000 characters, without U+0000'), details)
const completed = Type.Boolean({ description: 'Whether the task is done' })

const texts = { title: 'Water the plants', description: 'The fern only on Mondays.' }

export const Task = Type.Object(
  {
    id: id('The id of the task'),
    title: Type.String({ description: 'The task in a few words' }),
    description: nullable(Type.String(), details),
    completed,
    created_at: timestamp('When the task was added'),
    updated_at: timestamp('When the task was last changed')
  },
  {
    $id: 'Task',
    description: 'A task of the user',
    examples: [
      {
        id: example.taskId,
        ...texts,
        completed: false,
        created_at: example.createdAt,
        updated_at: example.updatedAt
      }
    ]
  }
)
export type Task = Static<typeof Task>

export const NewTask = Type.Object(
  { title, description: Type.Optional(description) },
  { $id: 'NewTask', additionalProperties: false, description: 'A task to add', examples: [texts] }
)
export type NewTask = Static<typeof NewTask>

export const TaskPatch = Type.Object(
  { title: Type.Optional(title), description: Type.Optional(description), completed: Type.Optional(completed) },
  {
    $id: 'TaskPatch',
    additionalProperties: false,
    description: 'The fields of a task to change',
    examples: [{ title: 'Water the plants and the herbs', completed: true }]
  }
)
export type TaskPatch = Static<typeof TaskPatch>

export const TaskCompletion = Type.Object(
  { completed: Type.Optional(completed) },
  {
    $id: 'TaskCompletion',
    additionalProperties: false,
    description: 'The state to set; without it the state toggles',
    examples: [{ completed: true }]
  }
)
export type TaskCompletion = Static<typeof TaskCompletion>

export const TaskPage = pageOf(ref(Task), {
  $id: 'TaskPage',
  description: 'A page of tasks',
  examples: [{ items: Task.examples, next_cursor: null }]
})
export type TaskPage = Static<typeof TaskPage>

export const TaskStatus = oneOf(['all', 'pending', 'completed'], {
  $id: 'TaskStatus',
  default: 'all',
  description: 'Which tasks to list'
})
export const TaskSort = oneOf(['created', 'title'], {
  $id: 'TaskSort',
  default: 'created',
  description:
    'What to sort by: title compares letters, then accents, then case (apple, Apple, Zebra), and numbers by value (2, 10)'
})
export const SortOrder = oneOf(['asc', 'desc'], {
  $id: 'SortOrder',
  description: 'Ascending or descending; without it, desc for created and asc for title'
})

export const TaskQuery = Type.Object(
  {
    status: ref(TaskStatus),
    sort: ref(TaskSort),
    order: Type.Optional(ref(SortOrder)),
    ...pageParameters('Tasks'),
    q: Type.Optional(
      text(
        200,
        'Finds text in title or description, whatever its case (Unicode: NFKC_Casefold). A page may be short or empty while there is a `next_cursor`'
      )
    )
  },
  { additionalProperties: false }
)
export type TaskQuery = Static<typeof TaskQuery>
