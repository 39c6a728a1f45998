import { type Static, Type } from '@sinclair/typebox'
import { id, nullable, pageOf, ref, timestamp } from './common.ts'
import { example } from './examples.ts'

export const Activity = Type.Object(
  {
    id: id('The id of the event'),
    at: timestamp('When it happened'),
    event: Type.String({
      maxLength: 64,
      description:
        'What happened, by a stable name (docs/security.md lists them). Later releases add names: show an unknown one as it is'
    }),
    ip: nullable(
      Type.String(),
      'The client address, for IPv6 the /64 network; null if it is unknown, or if the entry stands for several addresses'
    ),
    user_agent: nullable(Type.String(), 'The User-Agent header of the request; null if there was none'),
    session_id: nullable(
      Type.String({ format: 'uuid', maxLength: 36 }),
      'The session that it concerns; null if it concerns none, or several'
    ),
    times: Type.Integer({
      format: 'int32',
      minimum: 1,
      description: 'How often it happened: an event that is repeated very often shares an entry with earlier ones'
    })
  },
  {
    $id: 'Activity',
    description: 'Something that happened to an account, for its owner to recognise',
    examples: [
      {
        id: example.eventId,
        at: example.updatedAt,
        event: 'login',
        ip: '203.0.113.7',
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
        session_id: null,
        times: 1
      }
    ]
  }
)
export type Activity = Static<typeof Activity>

export const ActivityPage = pageOf(ref(Activity), {
  $id: 'ActivityPage',
  description: 'A page of what happened to an account',
  examples: [{ items: Activity.examples, next_cursor: null }]
})
export type ActivityPage = Static<typeof ActivityPage>

export const ActivityQuery = Type.Object(
  {
    limit: Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'Entries in a page'
    }),
    cursor: Type.Optional(Type.String({ maxLength: 4_096, description: 'The `next_cursor` of the previous page' }))
  },
  { additionalProperties: false }
)
export type ActivityQuery = Static<typeof ActivityQuery>
