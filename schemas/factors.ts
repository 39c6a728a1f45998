import { type Static, Type } from '@sinclair/typebox'
import { text } from './common.ts'
import { example } from './examples.ts'
import { refreshCookie } from './users.ts'

const code = text(100, 'The six digits of the authenticator app, or a recovery code', { minLength: 1 })

export const Factors = Type.Object(
  {
    totp: Type.Boolean({ description: 'Whether an authenticator app is on' }),
    passkeys: Type.Integer({ description: 'How many passkeys there are' }),
    recovery_codes: Type.Integer({ description: 'How many recovery codes are left' })
  },
  {
    $id: 'Factors',
    description: 'By what a user can prove who they are, besides the password',
    examples: [{ totp: true, passkeys: 0, recovery_codes: 10 }]
  }
)
export type Factors = Static<typeof Factors>

export const TotpSecret = Type.Object(
  {
    secret: Type.String({ description: 'The secret in base32, to type into an authenticator app' }),
    uri: Type.String({ description: 'The same as an `otpauth:` URI, for a QR code' })
  },
  {
    $id: 'TotpSecret',
    description: 'The secret of an authenticator app that is not on yet',
    examples: [
      {
        secret: example.totpSecret,
        uri: `otpauth://totp/Gatehouse:ann%40example.com?issuer=Gatehouse&secret=${example.totpSecret}&algorithm=SHA1&digits=6&period=30`
      }
    ]
  }
)
export type TotpSecret = Static<typeof TotpSecret>

export const TotpCode = Type.Object(
  { code: text(100, 'The six digits that the authenticator app shows', { minLength: 1 }) },
  {
    $id: 'TotpCode',
    additionalProperties: false,
    description: 'The first code of an authenticator app',
    examples: [{ code: example.code }]
  }
)
export type TotpCode = Static<typeof TotpCode>

export const RecoveryCodes = Type.Object(
  {
    recovery_codes: Type.Array(Type.String({ description: 'A code, which works once' }), {
      description: 'Ten codes, which are shown only here'
    })
  },
  { $id: 'RecoveryCodes', description: 'New recovery codes', examples: [{ recovery_codes: example.recoveryCodes }] }
)
export type RecoveryCodes = Static<typeof RecoveryCodes>

export const SecondFactor = Type.Object(
  {
    challenge: Type.String({ maxLength: 1_000, description: 'The challenge of the login' }),
    code,
    refresh_cookie: refreshCookie
  },
  {
    $id: 'SecondFactor',
    additionalProperties: false,
    description: 'What completes a login',
    examples: [{ challenge: example.challenge, code: example.code }]
  }
)
export type SecondFactor = Static<typeof SecondFactor>
