import { type Static, Type } from '@sinclair/typebox'
import { example } from './examples.ts'
import { mailCode, mailToken } from './recovery.ts'
import { email } from './users.ts'

export const EmailVerification = Type.Object(
  { token: Type.Optional(mailToken), email: Type.Optional(email), code: Type.Optional(mailCode) },
  {
    $id: 'EmailVerification',
    additionalProperties: false,
    description: 'The token of the mail, or the email and the code; with an access token the code alone',
    examples: [{ token: example.mailToken }]
  }
)
export type EmailVerification = Static<typeof EmailVerification>
