import { type Static, Type } from '@sinclair/typebox'
import { id, nullable, ref, timestamp } from './common.ts'
import { example } from './examples.ts'

const position = (description: string) =>
  Type.Integer({ format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })
const otherId = (description: string) => nullable(Type.String({ format: 'uuid', maxLength: 36 }), description)

export const AuditEvent = Type.Object(
  {
    position: position('Its place in the chain of events, from 1, without gaps'),
    id: id('The id of the event'),
    at: timestamp('When it happened'),
    event: Type.String({
      maxLength: 64,
      description: 'What happened, by a stable name (docs/security.md lists them). Later releases add names'
    }),
    times: Type.Integer({ format: 'int32', minimum: 1, description: 'How often: a frequent event shares an entry' }),
    actor: nullable(
      Type.String({ maxLength: 64 }),
      'Who acted: `user` (the account itself), `anonymous` (nobody known), `admin`, `command` (the command line), `service`; ' +
        'null if an earlier release recorded it'
    ),
    actor_id: otherId('The admin who acted'),
    user_id: otherId('The user whom it concerns'),
    session_id: otherId('The session that it concerns'),
    ip: nullable(Type.String(), 'The client address, for IPv6 the /64 network; null if unknown or erased'),
    user_agent: nullable(
      Type.String(),
      'The User-Agent header of the request; null if there was none, or if it is erased'
    ),
    request_id: nullable(Type.String(), 'The id of the request, as in `X-Request-Id` and the log; null if erased'),
    reason: nullable(Type.String(), 'Why an operator did it; null if none was given, or if it is erased')
  },
  {
    $id: 'AuditEvent',
    description: 'Something that a user or an operator did, from the append-only log of all events',
    examples: [
      {
        position: 1234,
        id: example.eventId,
        at: example.updatedAt,
        event: 'login',
        times: 1,
        actor: 'user',
        actor_id: null,
        user_id: example.userId,
        session_id: null,
        ip: '203.0.113.7',
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
        request_id: 'd3b8f4b2-6f0e-4c57-9c1f-1f6f1f6b3a55',
        reason: null
      }
    ]
  }
)
export type AuditEvent = Static<typeof AuditEvent>

export const AuditEventFeed = Type.Object(
  {
    items: Type.Array(ref(AuditEvent), { description: 'The events, the oldest first' }),
    next_after: position('Send it as `after` to go on; without new events it stays the same')
  },
  {
    $id: 'AuditEventFeed',
    description: 'The next events, in the order of the chain',
    examples: [{ items: AuditEvent.examples, next_after: 1234 }]
  }
)
export type AuditEventFeed = Static<typeof AuditEventFeed>

export const AuditEventQuery = Type.Object(
  {
    after: Type.Integer({
      format: 'int64',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 0,
      description: 'The position of the last event that you have; 0 for the oldest ones'
    }),
    limit: Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 500,
      default: 100,
      description: 'Events in an answer'
    })
  },
  { additionalProperties: false }
)
export type AuditEventQuery = Static<typeof AuditEventQuery>
