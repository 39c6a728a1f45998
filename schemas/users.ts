import { type Static, Type } from '@sinclair/typebox'
import { filledText, Id, ref, Timestamp, text } from './common.ts'

const email = Type.String({
  format: 'email',
  maxLength: 254,
  description: 'an email address of at most 254 characters; case and surrounding blanks do not matter'
})
const name = filledText(100, '1 to 100 characters, not only blanks, without U+0000')
const newPassword = Type.String({
  minLength: 8,
  maxLength: 72,
  allOf: [
    { type: 'string', pattern: '[0-9]', description: 'at least one digit' },
    { type: 'string', pattern: '[^A-Za-z0-9]', description: 'at least one special character' },
    text(72, 'no U+0000 and no lone surrogates')
  ],
  description:
    'At least 8 characters with a digit and a special character, at most 72 bytes in UTF-8, not a common one, not the email; kept exactly as received'
})

export const User = Type.Object(
  {
    id: Id,
    email: Type.String(),
    name: Type.String(),
    is_active: Type.Boolean(),
    created_at: Timestamp,
    updated_at: Timestamp
  },
  { $id: 'User' }
)
export type User = Static<typeof User>

export const NewUser = Type.Object(
  { email, name, password: newPassword },
  { $id: 'NewUser', additionalProperties: false }
)
export type NewUser = Static<typeof NewUser>

export const Login = Type.Object(
  { email, password: text(1_000, 'the password as it was set') },
  { $id: 'Login', additionalProperties: false }
)
export type Login = Static<typeof Login>

export const ProfilePatch = Type.Object(
  { name: Type.Optional(name) },
  { $id: 'ProfilePatch', additionalProperties: false }
)
export type ProfilePatch = Static<typeof ProfilePatch>

export const AuthResponse = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'seconds' }),
    user: ref(User)
  },
  { $id: 'AuthResponse' }
)
export type AuthResponse = Static<typeof AuthResponse>

export const AuthenticatedUser = Type.Object(
  { user_id: Id, email: Type.String(), expires_at: Timestamp },
  { $id: 'AuthenticatedUser' }
)
export type AuthenticatedUser = Static<typeof AuthenticatedUser>
