import { type Static, Type } from '@sinclair/typebox'
import { filledText, id, nullable, ref, timestamp } from './common.ts'
import { example } from './examples.ts'
import { refreshCookie } from './users.ts'
import { AuthenticationCredential, RegistrationCredential } from './webauthn.ts'

const name = filledText(100, 'What its owner calls the passkey; 1 to 100 characters, not only blanks')

export const Passkey = Type.Object(
  {
    id: id('The id of the passkey'),
    name: Type.String({ description: 'What its owner calls it' }),
    credential_id: Type.String({
      description: 'Its id in the browser, for `PublicKeyCredential.signalUnknownCredential()` after its removal'
    }),
    backed_up: Type.Boolean({ description: 'Whether it was copied to other devices when it was last used' }),
    created_at: timestamp('When it was added'),
    last_used_at: nullable(timestamp('When it was last used'), 'When it was last used; null if never')
  },
  {
    $id: 'Passkey',
    description: 'A passkey of an account',
    examples: [
      {
        id: example.passkeyId,
        name: 'Phone',
        credential_id: example.credentialId,
        backed_up: true,
        created_at: example.createdAt,
        last_used_at: example.updatedAt
      }
    ]
  }
)
export type Passkey = Static<typeof Passkey>

export const PasskeyList = Type.Object(
  { items: Type.Array(ref(Passkey), { description: 'The passkeys, the oldest first' }) },
  { $id: 'PasskeyList', description: 'The passkeys of an account', examples: [{ items: Passkey.examples }] }
)

export const NewPasskey = Type.Object(
  { credential: ref(RegistrationCredential), name: Type.Optional(name) },
  {
    $id: 'NewPasskey',
    additionalProperties: false,
    description: 'A passkey to add; without a name it is called "Passkey"',
    examples: [{ credential: RegistrationCredential.examples[0], name: 'Phone' }]
  }
)
export type NewPasskey = Static<typeof NewPasskey>

export const AddedPasskey = Type.Object(
  {
    ...Passkey.properties,
    recovery_codes: Type.Optional(
      Type.Array(Type.String({ description: 'A code, which works once' }), {
        description: 'With the first second factor of an account: ten recovery codes, which are shown only here'
      })
    )
  },
  {
    $id: 'AddedPasskey',
    description: 'A passkey that was added',
    examples: [{ ...Passkey.examples[0], last_used_at: null, recovery_codes: example.recoveryCodes }]
  }
)
export type AddedPasskey = Static<typeof AddedPasskey>

export const PasskeyPatch = Type.Object(
  { name },
  {
    $id: 'PasskeyPatch',
    additionalProperties: false,
    description: 'The fields of the passkey to change',
    examples: [{ name: 'Old phone' }]
  }
)
export type PasskeyPatch = Static<typeof PasskeyPatch>

export const PasskeyLogin = Type.Object(
  { credential: ref(AuthenticationCredential), refresh_cookie: refreshCookie },
  {
    $id: 'PasskeyLogin',
    additionalProperties: false,
    description: 'The passkey that signs in',
    examples: [{ credential: AuthenticationCredential.examples[0] }]
  }
)
export type PasskeyLogin = Static<typeof PasskeyLogin>
