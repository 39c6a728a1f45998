import { Type } from '@sinclair/typebox'
import { ref } from './common.ts'

const algorithm = { enum: ['EdDSA', 'ES256'], type: 'string' } as const
const coordinate = (description: string) => Type.String({ maxLength: 43, description: `${description}, in base64url` })

export const PublicKey = Type.Object(
  {
    kty: Type.String({ maxLength: 3, description: 'The type: `OKP` for EdDSA, `EC` for ES256' }),
    crv: Type.String({ maxLength: 7, description: 'The curve: `Ed25519` or `P-256`' }),
    x: coordinate('The public key, or the first coordinate of it'),
    y: Type.Optional(coordinate('The second coordinate, of `P-256` only')),
    kid: Type.String({ format: 'uuid', maxLength: 36, description: 'The id of the key, in the header of its tokens' }),
    alg: Type.Unsafe<'EdDSA' | 'ES256'>({ ...algorithm, description: 'The only algorithm of this key' }),
    use: Type.Literal('sig', { description: 'The key is for signatures' })
  },
  { $id: 'PublicKey', description: 'A key that verifies access tokens (RFC 7517, RFC 8037)' }
)

export const KeySet = Type.Object(
  { keys: Type.Array(ref(PublicKey), { description: 'Empty while the shared secret signs' }) },
  {
    $id: 'KeySet',
    description: 'The JWK Set of the service (RFC 7517, section 5)',
    examples: [
      {
        keys: [
          {
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
            kty: 'OKP',
            kid: '9b2c4f6e-6f0c-4a3e-9a0e-0a4f3f0f6b11',
            alg: 'EdDSA',
            use: 'sig'
          }
        ]
      }
    ]
  }
)

export const AuthorizationServer = Type.Object(
  {
    issuer: Type.String({ maxLength: 512, description: 'The claim `iss` of access tokens' }),
    jwks_uri: Type.String({ format: 'uri', maxLength: 512, description: 'Where the keys are' }),
    response_types_supported: Type.Array(Type.String(), {
      description: 'Required by RFC 8414: there is no authorization endpoint'
    }),
    access_token_signing_alg_values_supported: Type.Array(Type.String(), {
      description: 'The algorithms that sign access tokens now, or that published keys are for'
    })
  },
  {
    $id: 'AuthorizationServer',
    description: 'What others need to verify access tokens (RFC 8414, section 3.2)',
    examples: [
      {
        issuer: 'https://app.example.com',
        jwks_uri: 'https://app.example.com/.well-known/jwks.json',
        response_types_supported: ['none'],
        access_token_signing_alg_values_supported: ['EdDSA']
      }
    ]
  }
)
