import { type Static, Type } from '@sinclair/typebox'
import { filledText, Id, ref, Timestamp, text } from './common.ts'

/** A hint for clients. The format decides (src/auth/email-address.ts); the pattern must not be stricter. */
const emailPattern = "^\\s*[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}@[^\\s@]+\\s*$"
const email = Type.String({
  format: 'idn-email',
  maxLength: 254,
  pattern: emailPattern,
  description:
    'an email address of at most 254 characters, such as ann@example.com; case and surrounding blanks do not matter, the domain may be an internationalised one'
})
const name = filledText(100, '1 to 100 characters, not only blanks, without U+0000')
/** Requires a digit and a special character, or 15 characters. */
const mixedOrLong = '(?:(?=[^0-9]*[0-9])(?=[A-Za-z0-9]*[^A-Za-z0-9])|(?=[\\s\\S]{15}))'
const newPassword = text(
  72,
  'at least 8 characters with a digit and a special character, or at least 15 of any kind; at most 72 bytes in UTF-8, without U+0000, not a common one, not the email; kept exactly as received',
  { minLength: 8, conditions: mixedOrLong }
)
const password = text(1_000, 'the password as it was set')
const refreshCookie = Type.Optional(
  Type.Boolean({
    description: 'true for browsers: the refresh token is set as an HttpOnly cookie and is not in the body'
  })
)

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
  { email, name, password: newPassword, refresh_cookie: refreshCookie },
  { $id: 'NewUser', additionalProperties: false }
)
export type NewUser = Static<typeof NewUser>

export const Login = Type.Object(
  { email, password, refresh_cookie: refreshCookie },
  { $id: 'Login', additionalProperties: false }
)
export type Login = Static<typeof Login>

export const PasswordChange = Type.Object(
  { current_password: password, new_password: newPassword },
  { $id: 'PasswordChange', additionalProperties: false }
)
export type PasswordChange = Static<typeof PasswordChange>

export const AccountDeletion = Type.Object(
  { password: Type.Optional(password) },
  { $id: 'AccountDeletion', additionalProperties: false }
)
export type AccountDeletion = Static<typeof AccountDeletion>

export const ProfilePatch = Type.Object(
  { name: Type.Optional(name) },
  { $id: 'ProfilePatch', additionalProperties: false }
)
export type ProfilePatch = Static<typeof ProfilePatch>

export const AuthResponse = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'lifetime of the access token in seconds' }),
    refresh_token: Type.Optional(Type.String({ description: 'absent if it is set as a cookie' })),
    refresh_expires_in: Type.Integer({ description: 'lifetime of the refresh token in seconds' }),
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
