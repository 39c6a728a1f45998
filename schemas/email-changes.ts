import { type Static, Type } from '@sinclair/typebox'
import { example } from './examples.ts'
import { mailCode, mailToken } from './recovery.ts'
import { email } from './users.ts'

export const EmailChange = Type.Object(
  { email },
  {
    $id: 'EmailChange',
    additionalProperties: false,
    description: 'The address that the account shall have',
    examples: [{ email: example.newEmail }]
  }
)
export type EmailChange = Static<typeof EmailChange>

export const EmailConfirmation = Type.Object(
  { token: Type.Optional(mailToken), code: Type.Optional(mailCode) },
  {
    $id: 'EmailConfirmation',
    additionalProperties: false,
    description: 'The token of the mail to the new address, or with an access token its code',
    examples: [{ token: example.mailToken }]
  }
)
export type EmailConfirmation = Static<typeof EmailConfirmation>

export const EmailChangeToken = Type.Object(
  { token: mailToken },
  {
    $id: 'EmailChangeToken',
    additionalProperties: false,
    description: 'The token of the mail to the old address',
    examples: [{ token: example.mailToken }]
  }
)
export type EmailChangeToken = Static<typeof EmailChangeToken>
