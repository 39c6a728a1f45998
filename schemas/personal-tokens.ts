import { type Static, Type } from '@sinclair/typebox'
import { filledText, id, nullable, oneOf, ref, timestamp } from './common.ts'
import { example } from './examples.ts'

/** Those that every product has. It adds its own (schemas/components.ts). */
export const ownScopes: readonly string[] = ['revocations:read']

export const TokenScope = oneOf(ownScopes, {
  $id: 'TokenScope',
  description: 'What a personal access token may do. `revocations:read` is for admins. A later version may add scopes'
})
export type TokenScope = Static<typeof TokenScope>

const scopes = (description: string) =>
  Type.Array(ref(TokenScope), { minItems: 1, maxItems: 100, uniqueItems: true, description })

export const PersonalToken = Type.Object(
  {
    id: id('The id of the token'),
    name: Type.String({ description: 'What its owner calls it' }),
    scopes: scopes('What it may do'),
    created_at: timestamp('When it was made'),
    expires_at: timestamp('When it ends'),
    last_used_at: nullable(timestamp('The minute in which it was last used'), 'When it was last used; null if never')
  },
  {
    $id: 'PersonalToken',
    description: 'A personal access token, without its secret',
    examples: [
      {
        id: example.personalTokenId,
        name: 'Backup script',
        scopes: ownScopes,
        created_at: example.createdAt,
        expires_at: example.expiresAt,
        last_used_at: example.updatedAt
      }
    ]
  }
)
export type PersonalToken = Static<typeof PersonalToken>

export const PersonalTokenList = Type.Object(
  { items: Type.Array(ref(PersonalToken), { description: 'The tokens that have not ended, the oldest first' }) },
  {
    $id: 'PersonalTokenList',
    description: 'The personal access tokens of an account',
    examples: [{ items: PersonalToken.examples }]
  }
)

export const NewPersonalToken = Type.Object(
  {
    name: filledText(100, 'What its owner calls the token; 1 to 100 characters, not only blanks'),
    scopes: scopes('What it may do, and nothing else'),
    expires_in_days: Type.Integer({
      format: 'int32',
      minimum: 1,
      maximum: 365,
      description: 'Days until it ends, of 24 hours each'
    })
  },
  {
    $id: 'NewPersonalToken',
    additionalProperties: false,
    description: 'A personal access token to make',
    examples: [{ name: 'Backup script', scopes: ownScopes, expires_in_days: 30 }]
  }
)
export type NewPersonalToken = Static<typeof NewPersonalToken>

export const MadePersonalToken = Type.Object(
  {
    ...PersonalToken.properties,
    token: Type.String({
      minLength: 52,
      maxLength: 52,
      description: 'The token, which is shown only here. Send it as `Authorization: Bearer <token>`'
    })
  },
  {
    $id: 'MadePersonalToken',
    description: 'A personal access token that was made, with its secret',
    examples: [{ ...PersonalToken.examples[0], last_used_at: null, token: example.personalToken }]
  }
)
export type MadePersonalToken = Static<typeof MadePersonalToken>
