import { type Static, Type } from '@sinclair/typebox'
import { Activity } from './activity.ts'
import { filledText, nullable, oneOf, pageOf, ref, text, timestamp } from './common.ts'
import { example } from './examples.ts'
import { Factors } from './factors.ts'
import { Session } from './sessions.ts'
import { email, Role, User } from './users.ts'

export const ManagedUser = Type.Object(
  {
    ...User.properties,
    issuer: nullable(Type.String(), 'The issuer that the account belongs to; null if its user registered here'),
    disabled_at: nullable(
      timestamp('When an operator disabled the account'),
      'Null while it is active, and where it was disabled by SQL'
    ),
    disabled_reason: nullable(Type.String(), 'Why an operator disabled the account; null while it is active'),
    last_sign_in_at: nullable(
      timestamp('When the user last signed in here'),
      'Null if they have not yet; users of other issuers sign in there'
    )
  },
  {
    $id: 'ManagedUser',
    description: 'An account, as operators see it',
    examples: [
      {
        ...User.examples[0],
        issuer: null,
        disabled_at: null,
        disabled_reason: null,
        last_sign_in_at: User.examples[0]?.created_at
      }
    ]
  }
)
export type ManagedUser = Static<typeof ManagedUser>

export const ManagedUserPage = pageOf(ref(ManagedUser), {
  $id: 'ManagedUserPage',
  description: 'A page of accounts; one that is not full may have a next one',
  examples: [{ items: ManagedUser.examples, next_cursor: null }]
})
export type ManagedUserPage = Static<typeof ManagedUserPage>

const { current, ...sessionProperties } = Session.properties
const { current: _, ...sessionExample } = Session.examples[0] as NonNullable<(typeof Session.examples)[0]>

export const ManagedSession = Type.Object(sessionProperties, {
  $id: 'ManagedSession',
  description: 'One login of a user, on one device',
  examples: [sessionExample]
})
export type ManagedSession = Static<typeof ManagedSession>

/** The numbers are those of the product (schemas/components.ts). */
export const Usage = Type.Unsafe<Record<string, number>>({
  $id: 'Usage',
  type: 'object',
  properties: {},
  description: 'What a user stores',
  examples: [{}]
})
export type Usage = Static<typeof Usage>

export const ManagedUserDetails = Type.Object(
  {
    ...ManagedUser.properties,
    sessions: Type.Array(ref(ManagedSession), { description: 'The sessions that have not ended' }),
    factors: ref(Factors),
    personal_tokens: Type.Integer({ description: 'How many personal access tokens have not ended' }),
    events: Type.Array(ref(Activity), { description: 'What happened to the account lately, newest first' }),
    usage: ref(Usage)
  },
  {
    $id: 'ManagedUserDetails',
    description: 'Everything that an operator may see of an account: no hash, no token and no secret',
    examples: [
      {
        ...ManagedUser.examples[0],
        sessions: ManagedSession.examples,
        factors: Factors.examples[0],
        personal_tokens: 0,
        events: Activity.examples,
        usage: Usage.examples[0]
      }
    ]
  }
)
export type ManagedUserDetails = Static<typeof ManagedUserDetails>

export const UserState = oneOf(['all', 'active', 'disabled'], {
  $id: 'UserState',
  description: 'Which accounts: all, those that are active, or those that an operator disabled',
  default: 'all'
})

export const ManagedUserQuery = Type.Object(
  {
    q: Type.Optional(text(254, 'Part of the email, the name or the id; case does not matter')),
    state: ref(UserState),
    role: Type.Optional(ref(Role)),
    limit: Type.Integer({ format: 'int32', minimum: 1, maximum: 100, default: 20, description: 'Users in a page' }),
    cursor: Type.Optional(Type.String({ maxLength: 4_096, description: 'The `next_cursor` of the previous page' }))
  },
  { additionalProperties: false }
)
export type ManagedUserQuery = Static<typeof ManagedUserQuery>

const reason = filledText(500, 'Why, for the record of what operators do: 1 to 500 characters, not only blanks')
const exampleReason = 'Ticket 4711: the owner asked for it'

export const Reason = Type.Object(
  { reason },
  {
    $id: 'Reason',
    additionalProperties: false,
    description: 'Why an operator does something to an account',
    examples: [{ reason: exampleReason }]
  }
)
export type Reason = Static<typeof Reason>

export const RoleChange = Type.Object(
  { role: ref(Role), reason },
  {
    $id: 'RoleChange',
    additionalProperties: false,
    description: 'The new role of a user, and why',
    examples: [{ role: 'admin', reason: exampleReason }]
  }
)
export type RoleChange = Static<typeof RoleChange>

export const UserDeletion = Type.Object(
  { email, reason },
  {
    $id: 'UserDeletion',
    additionalProperties: false,
    description: 'The address of the account, as a confirmation, and why it is deleted',
    examples: [{ email: example.email, reason: exampleReason }]
  }
)
export type UserDeletion = Static<typeof UserDeletion>
