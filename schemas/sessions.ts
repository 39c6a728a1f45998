import { type Static, Type } from '@sinclair/typebox'
import { Id, ref, Timestamp } from './common.ts'

const nullable = Type.Union([Type.String(), Type.Null()])

export const Session = Type.Object(
  {
    id: Id,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    user_agent: nullable,
    ip: nullable,
    current: Type.Boolean()
  },
  { $id: 'Session' }
)
export type Session = Static<typeof Session>

export const SessionList = Type.Object({ items: Type.Array(ref(Session)) }, { $id: 'SessionList' })
export type SessionList = Static<typeof SessionList>

export const Refresh = Type.Object(
  { refresh_token: Type.Optional(Type.String({ maxLength: 1_000 })) },
  { $id: 'Refresh', additionalProperties: false, description: 'if it is omitted, the refresh cookie is used' }
)
export type Refresh = Static<typeof Refresh>
