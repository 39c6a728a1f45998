import { type Static, Type } from '@sinclair/typebox'
import { filledText, id, oneOf, ref, text, timestamp } from './common.ts'
import { example } from './examples.ts'
import { AuthenticationCredential } from './webauthn.ts'

/** A hint for clients. The format decides (src/auth/email-address.ts); the pattern must not be stricter. */
const emailPattern = "^\\s*[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}@[^\\s@]+\\s*$"
export const email = Type.String({
  format: 'idn-email',
  maxLength: 254,
  pattern: emailPattern,
  description:
    'An email address of at most 254 characters, such as ann@example.com; case and surrounding blanks do not matter, the domain may be an internationalised one'
})
const name = filledText(100, '1 to 100 characters, not only blanks, without U+0000')
/** Requires a digit and a special character, or 15 characters. */
const mixedOrLong = '(?:(?=[^0-9]*[0-9])(?=[A-Za-z0-9]*[^A-Za-z0-9])|(?=[\\s\\S]{15}))'
export const newPassword = text(
  72,
  'At least 8 characters with a digit and a special character, or at least 15 of any kind; at most 72 bytes in UTF-8, without U+0000, not a common one, not the email; kept exactly as received',
  { minLength: 8, conditions: mixedOrLong }
)
const password = text(1_000, 'The password as it was set')
export const refreshCookie = Type.Optional(
  Type.Boolean({
    description: 'True for browsers: the refresh token is set as an HttpOnly cookie and is not in the body'
  })
)
const storedEmail = Type.String({ description: 'The email address of the user' })

export const Role = oneOf(['user', 'admin'], {
  $id: 'Role',
  description:
    'What the user may do: `admin` opens `/api/admin` as well. An operator gives it; a change ends the sessions of the user'
})
export type Role = Static<typeof Role>

export const User = Type.Object(
  {
    id: id('The id of the user'),
    email: storedEmail,
    email_verified: Type.Boolean({
      description: 'True after the user confirmed the address by the link or the code of a mail'
    }),
    name: Type.String({ description: 'The name that the user chose' }),
    is_active: Type.Boolean({ description: 'False while an operator has deactivated the account' }),
    role: ref(Role),
    created_at: timestamp('When the account was created'),
    updated_at: timestamp('When the account was last changed')
  },
  {
    $id: 'User',
    description: 'An account',
    examples: [
      {
        id: example.userId,
        email: example.email,
        email_verified: true,
        name: example.name,
        is_active: true,
        role: 'user',
        created_at: example.createdAt,
        updated_at: example.updatedAt
      }
    ]
  }
)
export type User = Static<typeof User>

export const NewUser = Type.Object(
  { email, name, password: newPassword, refresh_cookie: refreshCookie },
  {
    $id: 'NewUser',
    additionalProperties: false,
    description: 'An account to create',
    examples: [{ email: example.email, name: example.name, password: example.password }]
  }
)
export type NewUser = Static<typeof NewUser>

export const Login = Type.Object(
  { email, password, refresh_cookie: refreshCookie },
  {
    $id: 'Login',
    additionalProperties: false,
    description: 'The credentials of an account',
    examples: [{ email: example.email, password: example.password }]
  }
)
export type Login = Static<typeof Login>

export const PasswordChange = Type.Object(
  { current_password: password, new_password: newPassword },
  {
    $id: 'PasswordChange',
    additionalProperties: false,
    description: 'The present password and the one that replaces it',
    examples: [{ current_password: example.password, new_password: example.newPassword }]
  }
)
export type PasswordChange = Static<typeof PasswordChange>

export const AccountDeletion = Type.Object(
  { password: Type.Optional(password) },
  {
    $id: 'AccountDeletion',
    additionalProperties: false,
    description: 'The password, as a confirmation; an account of another issuer has none',
    examples: [{ password: example.password }]
  }
)
export type AccountDeletion = Static<typeof AccountDeletion>

export const StepUp = Type.Object(
  {
    password: Type.Optional(password),
    code: Type.Optional(text(100, 'A code of the authenticator app, or a recovery code', { minLength: 1 })),
    credential: Type.Optional(ref(AuthenticationCredential))
  },
  {
    $id: 'StepUp',
    additionalProperties: false,
    description: 'What proves again who the user is: the password, or a code or a passkey where the user has one',
    examples: [{ password: example.password }]
  }
)
export type StepUp = Static<typeof StepUp>

export const ProfilePatch = Type.Object(
  { name: Type.Optional(name) },
  {
    $id: 'ProfilePatch',
    additionalProperties: false,
    description: 'The fields of the account to change',
    examples: [{ name: 'Ann Example' }]
  }
)
export type ProfilePatch = Static<typeof ProfilePatch>

export const AuthResponse = Type.Object(
  {
    access_token: Type.String({ description: 'For the header `Authorization: Bearer <access_token>`' }),
    token_type: Type.Literal('bearer', { description: 'How to use the access token (RFC 6750)' }),
    expires_in: Type.Integer({ description: 'Lifetime of the access token in seconds' }),
    refresh_token: Type.Optional(
      Type.String({
        description: 'To exchange for new tokens, once; absent if it is set as a cookie, or stays the same'
      })
    ),
    refresh_expires_in: Type.Integer({ description: 'Lifetime of the refresh token in seconds' }),
    user: ref(User)
  },
  {
    $id: 'AuthResponse',
    description: 'The tokens of a session, and its user',
    examples: [
      {
        access_token: example.accessToken,
        token_type: 'bearer',
        expires_in: 604_800,
        refresh_token: example.refreshToken,
        refresh_expires_in: 2_592_000,
        user: User.examples[0]
      }
    ]
  }
)
export type AuthResponse = Static<typeof AuthResponse>

export const AuthenticatedUser = Type.Object(
  {
    user_id: id('The id of the user'),
    email: storedEmail,
    expires_at: timestamp('When the access token expires')
  },
  {
    $id: 'AuthenticatedUser',
    description: 'The user that an access token identifies',
    examples: [{ user_id: example.userId, email: example.email, expires_at: example.expiresAt }]
  }
)
export type AuthenticatedUser = Static<typeof AuthenticatedUser>
