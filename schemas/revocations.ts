import { type Static, Type } from '@sinclair/typebox'
import { id, nullable, oneOf, ref, timestamp } from './common.ts'

export const RevocationKind = oneOf(['session', 'personal_token', 'signing_key', 'other'], {
  $id: 'RevocationKind',
  description:
    'What was revoked. `session`: a session of Gatehouse. `personal_token`: a personal access token, which only Gatehouse takes. ' +
    '`signing_key`: a signing key that was withdrawn, whose id is its `kid`. `other`: a user of another issuer, whose id is the ' +
    'first half of the SHA-256 of issuer, line feed and subject. Earlier releases list personal access tokens as `session`, and ' +
    'signing keys as `other`. A later version may add kinds'
})
export type RevocationKind = Static<typeof RevocationKind>

export const Revocation = Type.Object(
  {
    kind: ref(RevocationKind),
    id: id('The id of the session (`sid` of its tokens), or of what else was revoked'),
    issued_until: nullable(
      Type.Integer({ minimum: 0, maximum: 4_294_967_295, description: 'Seconds since 1970' }),
      'Tokens issued in this second or earlier are refused (seconds since 1970); null: all tokens'
    ),
    expires_at: timestamp('When all its tokens have expired, so that it can be forgotten')
  },
  {
    $id: 'Revocation',
    description: 'Tokens that are refused although they have not expired',
    examples: [
      {
        kind: 'session',
        id: '0193b0a4-7c00-7d2e-9c1a-2f6f3b1d8e4a',
        issued_until: null,
        expires_at: '2026-11-27T10:00:00.000Z'
      }
    ]
  }
)
export type Revocation = Static<typeof Revocation>

export const RevocationPage = Type.Object(
  {
    items: Type.Array(ref(Revocation), { description: 'At most 1,000, each possibly more than once' }),
    cursor: Type.String({ description: 'Send it as `after`. It does not expire' }),
    has_more: Type.Boolean({ description: 'Whether more is there already. False: you know all revocations' })
  },
  {
    $id: 'RevocationPage',
    description: 'What was revoked after a cursor',
    examples: [{ items: Revocation.examples, cursor: 'b2N0b3B1cw', has_more: false }]
  }
)
export type RevocationPage = Static<typeof RevocationPage>

export const RevocationQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({
        maxLength: 8_192,
        description: 'The `cursor` of the previous response; without it, all revocations'
      })
    ),
    wait: Type.Integer({
      format: 'int32',
      minimum: 0,
      maximum: 15,
      default: 10,
      description: 'Seconds to wait if there is nothing new'
    })
  },
  { additionalProperties: false }
)
export type RevocationQuery = Static<typeof RevocationQuery>
