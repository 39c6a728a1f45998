import { type Static, Type } from '@sinclair/typebox'
import { AuditEvent } from './audit-events.ts'
import { id, oneOf, pageOf, ref } from './common.ts'

export const ActorKind = oneOf(['user', 'anonymous', 'admin', 'command', 'service'], {
  $id: 'ActorKind',
  description:
    'Who acted: the user whom the event names, somebody who did not prove to be that user, an admin, the command line, or the service itself'
})
export type ActorKind = Static<typeof ActorKind>

const { position, ...properties } = AuditEvent.properties
const { position: _, ...shown } = AuditEvent.examples[0] as NonNullable<(typeof AuditEvent.examples)[0]>

export const AuditEntry = Type.Object(properties, {
  $id: 'AuditEntry',
  description: 'Something that a user or an operator did, as a list shows it',
  examples: [shown]
})
export type AuditEntry = Static<typeof AuditEntry>

export const AuditPage = pageOf(ref(AuditEntry), {
  $id: 'AuditPage',
  description: 'A page of events; one that is not full may have a next one',
  examples: [{ items: AuditEntry.examples, next_cursor: null }]
})
export type AuditPage = Static<typeof AuditPage>

export const AuditQuery = Type.Object(
  {
    event: Type.Optional(
      Type.String({ maxLength: 64, pattern: '^[a-z_.]+$', description: 'Only events of this name' })
    ),
    user_id: Type.Optional(id('Only events that concern this user')),
    actor: Type.Optional(ref(ActorKind)),
    limit: Type.Integer({ format: 'int32', minimum: 1, maximum: 100, default: 20, description: 'Events in a page' }),
    cursor: Type.Optional(Type.String({ maxLength: 4_096, description: 'The `next_cursor` of the previous page' }))
  },
  { additionalProperties: false }
)
export type AuditQuery = Static<typeof AuditQuery>

const count = (description: string) => Type.Integer({ minimum: 0, description })

export const ActivityDay = Type.Object(
  {
    day: Type.String({ format: 'date', maxLength: 10, description: 'The day, in UTC' }),
    sign_ups: count('Accounts that were registered'),
    sign_ins: count('Logins; very frequent ones of one user are estimated'),
    failures: count('Wrong passwords, codes and passkeys'),
    throttled: count('Attempts that were refused because there were too many')
  },
  {
    $id: 'ActivityDay',
    description: 'How much happened on a day',
    examples: [{ day: '2026-11-27', sign_ups: 12, sign_ins: 340, failures: 25, throttled: 2 }]
  }
)
export type ActivityDay = Static<typeof ActivityDay>

export const ActivityDays = Type.Object(
  { items: Type.Array(ref(ActivityDay), { description: 'The days, the oldest first; the last one is today' }) },
  {
    $id: 'ActivityDays',
    description: 'How much happened on each of the last days',
    examples: [{ items: ActivityDay.examples }]
  }
)

export const ActivityDaysQuery = Type.Object(
  { days: Type.Integer({ format: 'int32', minimum: 1, maximum: 90, default: 30, description: 'How many days' }) },
  { additionalProperties: false }
)
