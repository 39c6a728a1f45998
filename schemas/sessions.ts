import { type Static, Type } from '@sinclair/typebox'
import { id, nullable, ref, timestamp } from './common.ts'
import { example } from './examples.ts'

export const Session = Type.Object(
  {
    id: id('The id of the session'),
    created_at: timestamp('When the user logged in'),
    last_used_at: timestamp('When the session was last used, to the minute'),
    expires_at: timestamp('When the session ends unless its refresh token is used before'),
    user_agent: nullable(Type.String(), 'The User-Agent header of the login; null if there was none'),
    ip: nullable(Type.String(), 'The client address of the login; null if it is unknown'),
    amr: nullable(
      Type.Array(Type.String()),
      'How the user proved who they are (RFC 8176: `pwd`, `otp`, `hwk`, `mfa`); null for a login of an earlier release'
    ),
    auth_time: nullable(
      timestamp('At the login, or at the last step-up'),
      'When the user last proved who they are; null for a login of an earlier release'
    ),
    current: Type.Boolean({ description: 'Whether this is the session of the request' })
  },
  {
    $id: 'Session',
    description: 'One login, on one device',
    examples: [
      {
        id: example.sessionId,
        created_at: example.createdAt,
        last_used_at: example.updatedAt,
        expires_at: example.expiresAt,
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
        ip: '203.0.113.7',
        amr: ['pwd'],
        auth_time: example.createdAt,
        current: true
      }
    ]
  }
)
export type Session = Static<typeof Session>

export const SessionList = Type.Object(
  { items: Type.Array(ref(Session), { description: 'The sessions that have not ended' }) },
  { $id: 'SessionList', description: 'The sessions of a user', examples: [{ items: Session.examples }] }
)
export type SessionList = Static<typeof SessionList>

export const Refresh = Type.Object(
  {
    refresh_token: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: 'The newest refresh token; if it is omitted, the refresh cookie is used'
      })
    ),
    refresh_cookie: Type.Optional(
      Type.Boolean({ description: 'True for browsers: without a refresh cookie the answer is 204 instead of 401' })
    )
  },
  {
    $id: 'Refresh',
    additionalProperties: false,
    description: 'The refresh token to exchange',
    examples: [{ refresh_token: example.refreshToken }]
  }
)
export type Refresh = Static<typeof Refresh>
