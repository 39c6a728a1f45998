import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'

export const securityEventNames = [
  'register',
  'login',
  'login.failed',
  'login.throttled',
  'login.unverified',
  'logout',
  'refresh.reused',
  'password.changed',
  'password.failed',
  'password.throttled',
  'password.reset',
  'email.verified',
  'login.challenged',
  'second_factor.failed',
  'second_factor.throttled',
  'totp.on',
  'totp.off',
  'totp.used',
  'recovery_codes.made',
  'recovery_code.used',
  'step_up',
  'session.ended',
  'sessions.ended',
  'email.requested',
  'email.changed',
  'email.cancelled',
  'passkey.added',
  'passkey.removed',
  'passkey.failed',
  'passkey.cloned',
  'account.exported',
  'token.created',
  'token.ended',
  'account.deleted',
  'account.disabled',
  'account.enabled',
  'factors.reset',
  'reset.sent',
  'role.changed',
  'mail.dead',
  'audit.pruned',
  'key.rotated',
  'key.retired',
  'users.exported',
  'users.imported'
] as const
export type SecurityEventName = (typeof securityEventNames)[number]

/** Who acted: the user whom the event names, somebody who did not prove to be that user, or one of those who run the service. */
export type ActorKind = 'user' | 'anonymous' | 'admin' | 'command' | 'service'

export interface SecurityEvent {
  event: SecurityEventName
  user_id?: string | null
  session_id?: string | null | undefined
  address: string | null
  user_agent: string | null
  times?: number
  actor?: ActorKind
  /** Of an admin. */
  actor_id?: string | null
  request_id?: string | null
  reason?: string | null
}

/** Where a page of events ends. */
export interface EventPosition {
  at: string
  id: string
}

interface Wanted {
  limit: number
  after: EventPosition | undefined
}

/** Where an operator is, and by what, is nothing for the user. */
export const unlessOperator = (name: 'address' | 'user_agent' | 'request_id') =>
  sql<string | null>`case when actor in ('admin', 'command') then null else ${sql.ref(name)} end`

/** Events of a user, newest first: a range of the index security_events_by_user_time. */
export function listQuery(db: Kysely<Database> | Transaction<Database>, userId: string, { limit, after }: Wanted) {
  const query = db
    .selectFrom('security_events')
    .select(['id', 'at', 'event', 'session_id', 'times'])
    .select([unlessOperator('address').as('ip'), unlessOperator('user_agent').as('user_agent')])
    .where('user_id', '=', userId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (!after) return query
  return query.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(after.at, after.id)))
}

/**
 * An event of one kind of a user: a range of the index security_events_by_kind, and of no other, whatever PostgreSQL expects. An
 * attack creates many events of a user, and the time to read them would reveal that the user exists.
 */
const isOf = (userId: string, event: SecurityEventName) =>
  sql<boolean>`user_id::text || ' ' || event = ${`${userId} ${event}`}`

/** Logins that are compared with a new one. */
const maxAgents = 100

export function securityEventsRepository(db: Kysely<Database> | Transaction<Database>) {
  return {
    insert: (event: SecurityEvent) =>
      db
        .insertInto('security_events')
        .values({ id: newId(), ...event })
        .execute(),

    /** A page of up to `limit` events. `next` is undefined on the last page. */
    async list(userId: string, { limit, after }: Wanted) {
      const rows = await listQuery(db, userId, { limit: limit + 1, after }).execute()
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      return { items, next: last && { at: last.at, id: last.id } }
    },

    /** Whether a user has logged in from an address before. */
    async hasLoggedInFrom(userId: string, address: string): Promise<boolean> {
      const { found } = await db
        .selectNoFrom((eb) => {
          const happened = (event: SecurityEventName) =>
            eb.exists(
              eb.selectFrom('security_events').select('id').where(isOf(userId, event)).where('address', '=', address)
            )
          return eb.or([happened('login'), happened('register')]).as('found')
        })
        .executeTakeFirstOrThrow()
      return Boolean(found)
    },

    /** The user agents of the latest logins of a user from an address. */
    async userAgentsFrom(userId: string, address: string): Promise<(string | null)[]> {
      const agents = async (event: SecurityEventName) =>
        db
          .selectFrom('security_events')
          .select('user_agent')
          .where(isOf(userId, event))
          .where('address', '=', address)
          .orderBy('at', 'desc')
          .limit(maxAgents)
          .execute()
      return [...(await agents('register')), ...(await agents('login'))].map(({ user_agent }) => user_agent)
    },

    /** Whether an account was used: it has logged in, or registered so long ago that the address is erased. */
    async wasUsed(userId: string): Promise<boolean> {
      const { found } = await db
        .selectNoFrom((eb) => {
          const happened = (event: SecurityEventName) =>
            eb.exists(
              eb.selectFrom('security_events').select('id').where(isOf(userId, event)).where('address', 'is not', null)
            )
          return eb.or([happened('login'), eb.not(happened('register'))]).as('found')
        })
        .executeTakeFirstOrThrow()
      return Boolean(found)
    }
  }
}

export type SecurityEventsRepository = ReturnType<typeof securityEventsRepository>
