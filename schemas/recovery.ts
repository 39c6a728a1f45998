import { type Static, Type } from '@sinclair/typebox'
import { text } from './common.ts'
import { example } from './examples.ts'
import { email, newPassword } from './users.ts'

export const mailToken = text(100, 'The token of the link in the mail, after `#token=`')
export const mailCode = Type.String({
  pattern: '^[0-9]{4} ?[0-9]{4}$',
  maxLength: 9,
  description: 'The code of the mail: 8 digits, with or without a space in the middle'
})

export const Forgot = Type.Object(
  { email },
  {
    $id: 'Forgot',
    additionalProperties: false,
    description: 'The account whose password is forgotten',
    examples: [{ email: example.email }]
  }
)
export type Forgot = Static<typeof Forgot>

export const Reset = Type.Object(
  {
    token: Type.Optional(mailToken),
    email: Type.Optional(email),
    code: Type.Optional(mailCode),
    new_password: newPassword
  },
  {
    $id: 'Reset',
    additionalProperties: false,
    description: 'The token of the mail, or the email and the code, with the new password',
    examples: [{ token: example.mailToken, new_password: example.newPassword }]
  }
)
export type Reset = Static<typeof Reset>
