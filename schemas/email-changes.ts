import { type Static, Type } from '@sinclair/typebox'
import { example } from './examples.ts'
import { mailToken } from './recovery.ts'
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

export const EmailChangeToken = Type.Object(
  { token: mailToken },
  {
    $id: 'EmailChangeToken',
    additionalProperties: false,
    description: 'The token of the mail about a change of address',
    examples: [{ token: example.mailToken }]
  }
)
export type EmailChangeToken = Static<typeof EmailChangeToken>
