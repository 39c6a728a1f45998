import { type Static, Type } from '@sinclair/typebox'
import { timestamp } from './common.ts'
import { example } from './examples.ts'

export const rows = (description: string) =>
  Type.Array(Type.Object({}, { additionalProperties: true }), { description })

/** A product adds its own (schemas/components.ts). */
export const PersonalData = Type.Object(
  {
    exported_at: timestamp('When the document was begun'),
    user: Type.Object({}, { additionalProperties: true, description: 'The account' }),
    sessions: rows('The open sessions'),
    passkeys: rows('The passkeys, without their keys'),
    personal_tokens: rows('The personal access tokens, without their secrets'),
    totp_factors: rows('The authenticator app, without its secret'),
    recovery_codes: Type.Integer({ format: 'int32', minimum: 0, description: 'How many recovery codes are left' }),
    login_challenges: rows('Logins that wait for a second factor'),
    email_changes: rows('Changes of the email address that can still be confirmed or undone'),
    mails: rows('Mails of the last day'),
    mail_tokens: rows('The links of mails that are valid or were used, without the links'),
    idempotency_keys: rows('The idempotency keys of the last day'),
    security_events: rows('What happened to the account, oldest first')
  },
  {
    $id: 'PersonalData',
    // Later releases store more.
    additionalProperties: true,
    description: 'Everything that is stored about a user',
    examples: [
      {
        exported_at: example.updatedAt,
        user: { id: example.userId, email: example.email, name: example.name },
        ...{
          sessions: [],
          passkeys: [],
          personal_tokens: [],
          totp_factors: [],
          recovery_codes: 0,
          login_challenges: [],
          email_changes: []
        },
        ...{ mails: [], mail_tokens: [], idempotency_keys: [], security_events: [] }
      }
    ]
  }
)
export type PersonalData = Static<typeof PersonalData>
