import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/tables.ts'
import { newId } from '../util/ids.ts'

export const securityEventNames = [
  'register',
  'login',
  'login.failed',
  'login.throttled',
  'logout',
  'refresh.reused',
  'password.changed',
  'password.failed',
  'password.throttled',
  'password.reset',
  'session.ended',
  'sessions.ended',
  'account.deleted',
  'mail.dead'
] as const
export type SecurityEventName = (typeof securityEventNames)[number]

export interface SecurityEvent {
  event: SecurityEventName
  user_id?: string | null
  session_id?: string | null
  address: string | null
  user_agent: string | null
  times?: number
}

export function securityEventsRepository(db: Kysely<Database>) {
  return {
    insert: (event: SecurityEvent) =>
      db
        .insertInto('security_events')
        .values({ id: newId(), ...event })
        .execute(),

    /**
     * Whether a user has logged in from an address before. Two equalities, because for `in` PostgreSQL may read all events of the
     * user. An attack creates many, and the time would reveal that the user exists.
     */
    async hasLoggedInFrom(userId: string, address: string): Promise<boolean> {
      const { found } = await db
        .selectNoFrom((eb) => {
          const happened = (event: SecurityEventName) =>
            eb.exists(
              eb
                .selectFrom('security_events')
                .select('id')
                .where('user_id', '=', userId)
                .where('event', '=', event)
                .where('address', '=', address)
            )
          return eb.or([happened('login'), happened('register')]).as('found')
        })
        .executeTakeFirstOrThrow()
      return Boolean(found)
    },

    removeOlderThan: (seconds: number) =>
      db
        .deleteFrom('security_events')
        .where('at', '<', sql<string>`now() - make_interval(secs => ${seconds})`)
        .execute()
  }
}

export type SecurityEventsRepository = ReturnType<typeof securityEventsRepository>
