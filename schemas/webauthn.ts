import { type Static, Type } from '@sinclair/typebox'
import { ref } from './common.ts'
import { example } from './examples.ts'

/** Bytes as WebAuthn writes them in JSON: base64url without padding (RFC 4648, section 5). */
const bytes = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9_-]+$', description: `${description}, in base64url` })

const credentialId = bytes(1_364, 'The id of the credential')
const challenge = bytes(200, 'The challenge, which works once, within five minutes')
const type = Type.Literal('public-key', { description: 'The only type there is' })
const timeout = Type.Integer({ description: 'Milliseconds that the person has' })
const userVerification = Type.Literal('required', { description: 'The authenticator must verify who the person is' })

const Descriptor = Type.Object(
  {
    id: credentialId,
    type,
    transports: Type.Array(Type.String(), { description: 'How the browser reaches the authenticator' })
  },
  {
    $id: 'PasskeyDescriptor',
    description: 'A passkey, as a browser recognises it',
    examples: [{ id: example.credentialId, type: 'public-key', transports: ['internal', 'hybrid'] }]
  }
)

/** `PublicKeyCredentialCreationOptionsJSON` (WebAuthn Level 3, section 5.1.9). */
export const PasskeyCreationOptions = Type.Object(
  {
    rp: Type.Object(
      {
        id: Type.String({ description: 'The host that passkeys belong to' }),
        name: Type.String({ description: 'The name of the app' })
      },
      { description: 'For whom the passkey is made' }
    ),
    user: Type.Object(
      {
        id: bytes(86, 'The user handle'),
        name: Type.String({ description: 'The email address of the user' }),
        displayName: Type.String({ description: 'The same' })
      },
      { description: 'Whose passkey it is' }
    ),
    challenge,
    pubKeyCredParams: Type.Array(
      Type.Object({ type, alg: Type.Integer({ description: 'A COSE algorithm: ES256 -7, EdDSA -8, RS256 -257' }) }),
      { description: 'The algorithms, the best first' }
    ),
    timeout,
    excludeCredentials: Type.Array(ref(Descriptor), { description: 'The passkeys that the user has' }),
    authenticatorSelection: Type.Object(
      {
        residentKey: Type.Literal('required', { description: 'The passkey must be discoverable' }),
        requireResidentKey: Type.Literal(true, { description: 'The same, for older browsers' }),
        userVerification
      },
      { description: 'What the authenticator must do' }
    ),
    attestation: Type.Literal('none', { description: 'The service does not ask who made the authenticator' }),
    extensions: Type.Object(
      { credProps: Type.Boolean({ description: 'Whether the browser reports if the passkey is discoverable' }) },
      { description: 'What the browser shall do besides' }
    ),
    hints: Type.Array(Type.String(), { description: 'Which kind of authenticator to offer first' })
  },
  {
    $id: 'PasskeyCreationOptions',
    description: 'For `PublicKeyCredential.parseCreationOptionsFromJSON()` and `navigator.credentials.create()`',
    examples: [
      {
        rp: { id: 'app.example.com', name: 'Gatehouse' },
        user: { id: example.userHandle, name: example.email, displayName: example.email },
        challenge: example.passkeyChallenge,
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
        timeout: 300_000,
        excludeCredentials: Descriptor.examples,
        authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
        attestation: 'none',
        extensions: { credProps: true },
        hints: []
      }
    ]
  }
)

/** `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3, section 5.1.10). */
export const PasskeyRequestOptions = Type.Object(
  {
    challenge,
    timeout,
    rpId: Type.String({ description: 'The host that passkeys belong to' }),
    allowCredentials: Type.Array(ref(Descriptor), {
      description: 'The passkeys of the user; empty for a login, where the person chooses among all'
    }),
    userVerification
  },
  {
    $id: 'PasskeyRequestOptions',
    description: 'For `PublicKeyCredential.parseRequestOptionsFromJSON()` and `navigator.credentials.get()`',
    examples: [
      {
        challenge: example.passkeyChallenge,
        timeout: 300_000,
        rpId: 'app.example.com',
        allowCredentials: [],
        userVerification: 'required'
      }
    ]
  }
)

export type PasskeyCreationOptions = Static<typeof PasskeyCreationOptions>
export type PasskeyRequestOptions = Static<typeof PasskeyRequestOptions>

const clientData = bytes(8_192, 'What the browser says of the request')
const authenticatorData = bytes(8_192, 'What the authenticator says of itself')
const common = {
  id: credentialId,
  rawId: bytes(1_364, 'The same as `id`'),
  type,
  authenticatorAttachment: Type.Optional(
    Type.String({ maxLength: 50, description: 'Where the authenticator is; not used' })
  ),
  clientExtensionResults: Type.Object(
    {},
    { additionalProperties: true, maxProperties: 50, description: 'What extensions of the browser say; not used' }
  )
}

/** Exactly `RegistrationResponseJSON` (WebAuthn Level 3, section 5.1): other keys are refused, as everywhere. */
export const RegistrationCredential = Type.Object(
  {
    ...common,
    response: Type.Object(
      {
        clientDataJSON: clientData,
        attestationObject: bytes(16_384, 'The new public key and what it is bound to'),
        authenticatorData: Type.Optional(authenticatorData),
        transports: Type.Optional(
          Type.Array(Type.String({ maxLength: 32, pattern: '^[a-z-]+$', description: 'Such as `internal` or `usb`' }), {
            maxItems: 10,
            description: 'How the browser reaches the authenticator'
          })
        ),
        publicKey: Type.Optional(bytes(2_048, 'The public key once more; not used')),
        publicKeyAlgorithm: Type.Optional(
          Type.Integer({
            ...{ format: 'int32', minimum: -2_147_483_648, maximum: 2_147_483_647 },
            description: 'Its COSE algorithm; not used'
          })
        )
      },
      { additionalProperties: false, description: 'What the authenticator answered' }
    )
  },
  {
    $id: 'RegistrationCredential',
    additionalProperties: false,
    description: 'What `toJSON()` of a created credential returns: `RegistrationResponseJSON` of WebAuthn',
    examples: [
      {
        id: example.credentialId,
        rawId: example.credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: example.clientData,
          attestationObject: 'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA',
          transports: ['internal', 'hybrid']
        },
        authenticatorAttachment: 'platform',
        clientExtensionResults: { credProps: { rk: true } }
      }
    ]
  }
)
export type RegistrationCredential = Static<typeof RegistrationCredential>

/** Exactly `AuthenticationResponseJSON` (WebAuthn Level 3, section 5.1): other keys are refused, as everywhere. */
export const AuthenticationCredential = Type.Object(
  {
    ...common,
    response: Type.Object(
      {
        clientDataJSON: clientData,
        authenticatorData,
        signature: bytes(2_048, 'The signature'),
        userHandle: Type.Optional(bytes(86, 'The user handle'))
      },
      { additionalProperties: false, description: 'What the authenticator answered' }
    )
  },
  {
    $id: 'AuthenticationCredential',
    additionalProperties: false,
    description: 'What `toJSON()` of a used credential returns: `AuthenticationResponseJSON` of WebAuthn',
    examples: [
      {
        id: example.credentialId,
        rawId: example.credentialId,
        type: 'public-key',
        response: {
          clientDataJSON: example.clientData,
          authenticatorData: 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MdAAAAAA',
          signature: 'MEUCIQD0b2YtYW4tZXhhbXBsZQIgc2lnbmF0dXJlLW9mLWFuLWV4YW1wbGU',
          userHandle: example.userHandle
        },
        authenticatorAttachment: 'platform',
        clientExtensionResults: {}
      }
    ]
  }
)
export type AuthenticationCredential = Static<typeof AuthenticationCredential>
