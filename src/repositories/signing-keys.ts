import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database, SigningKeyTable } from '../database/tables.ts'

export type KeyState = 'next' | 'current' | 'retired' | 'refused'

/** Seconds that a process may sign with a key after another one took over: until it hears of it, and for clock differences. */
const leeway = 20 * 60
const published = sql`interval '10 minutes'`
const now = sql<string>`now()`
const seconds = (count: number) => sql`make_interval(secs => ${count})`
/** When the last token of a retired key has expired. */
const lastExpiry = sql<string | null>`retires_at + make_interval(secs => longest_life + ${sql.lit(leeway)})`
const state = sql<KeyState>`case
  when refused_at is not null or ${lastExpiry} <= now() then 'refused'
  when retires_at <= now() then 'retired'
  when signs_from <= now() then 'current'
  else 'next' end`

type Key = Pick<SigningKeyTable, 'kid' | 'algorithm' | 'private_key' | 'longest_life'>

/** All SQL on signing keys. Times are those of the database's clock. */
export function signingKeysRepository(db: Kysely<Database> | Transaction<Database>) {
  const keys = () =>
    db
      .selectFrom('signing_keys')
      .orderBy('signs_from', (order) => order.desc().nullsLast())
      .orderBy('created_at')

  return {
    /** Waits for other changes of keys, until the transaction ends. */
    lock: () => sql`lock table signing_keys in share row exclusive mode`.execute(db),

    /** All keys, those that sign latest first. `change`: seconds until a state changes. */
    read: () =>
      keys()
        .select([
          ...(['kid', 'algorithm', 'private_key', 'longest_life'] as const),
          state.as('state'),
          sql<number | null>`extract(epoch from (
            select min(moment) from unnest(array[signs_from, retires_at, ${lastExpiry}]) as moment where moment > now()
          ) - now())::float8`.as('change')
        ])
        .execute(),

    /** All keys with their times, without what is secret. */
    list: () =>
      keys()
        .select([
          ...(['kid', 'algorithm', 'created_at', 'signs_from', 'retires_at'] as const),
          state.as('state'),
          sql<string | null>`case when refused_at is null then ${lastExpiry} else refused_at end`.as('accepted_until')
        ])
        .execute(),

    /** Adds a key. The shared secret stays acceptable for as long as its tokens may live, if none was there before. */
    async insert(key: Key): Promise<void> {
      await db.insertInto('signing_keys').values(key).execute()
      await db
        .insertInto('shared_secret_use')
        .values({ accepted_until: sql<string>`now() + ${seconds(key.longest_life + leeway)}` })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },

    /** Lets a key sign, once it has been published for ten minutes. */
    schedule: (kid: string) =>
      db
        .updateTable('signing_keys')
        .set({ signs_from: sql<string>`greatest(now(), created_at + ${published})` })
        .where('kid', '=', kid)
        .execute(),

    /** Retires a key at once, or when its successor signs. */
    retire: (kid: string, successor?: string) =>
      db
        .updateTable('signing_keys')
        .set({
          retires_at:
            successor === undefined ? now : sql<string>`(select signs_from from signing_keys where kid = ${successor})`
        })
        .where('kid', '=', kid)
        .execute(),

    /** Refuses all tokens of a key from now on. The revocation reaches every process, even one that misses the announcement. */
    async refuse(kid: string): Promise<void> {
      await db
        .updateTable('signing_keys')
        .set({
          refused_at: sql<string>`coalesce(refused_at, now())`,
          retires_at: sql<string>`least(retires_at, now())`
        })
        .where('kid', '=', kid)
        .execute()
      await db
        .insertInto('revocations')
        .values({
          key: kid,
          kind: 'signing_key',
          cutoff: sql<string>`floor(extract(epoch from now()))::bigint`,
          expires_at: sql<string>`now() + interval '1 day'`
        })
        .execute()
    },

    lengthen: (kid: string, longest_life: number) =>
      db
        .updateTable('signing_keys')
        .set({ longest_life })
        .where('kid', '=', kid)
        .where('longest_life', '<', longest_life)
        .execute(),

    /** Seconds for which tokens of the shared secret are still accepted. */
    async sharedSecretLeft(): Promise<number> {
      const row = await db
        .selectFrom('shared_secret_use')
        .select(sql<number>`extract(epoch from accepted_until - now())::float8`.as('left'))
        .executeTakeFirst()
      return row?.left ?? 0
    },

    /** Records that the shared secret signs tokens that live so many seconds. Writes at most every ten minutes. */
    extendSharedSecret: (life: number) =>
      db
        .insertInto('shared_secret_use')
        .values({ accepted_until: sql<string>`now() + ${seconds(life + leeway)}` })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet({ accepted_until: sql<string>`excluded.accepted_until` })
            .where('shared_secret_use.accepted_until', '<', sql<string>`now() + ${seconds(life + leeway / 2)}`)
        )
        .execute(),

    /** Keys that another secret sealed. */
    findSealedOtherwise: (prefix: Buffer) =>
      db
        .selectFrom('signing_keys')
        .select(['kid', 'algorithm', 'private_key'])
        .where(sql<boolean>`substring(private_key from 1 for ${prefix.length}) <> ${prefix}`)
        .execute(),

    reseal: (kid: string, private_key: Buffer) =>
      db.updateTable('signing_keys').set({ private_key }).where('kid', '=', kid).execute(),

    removeExpired: () => db.deleteFrom('signing_keys').where(lastExpiry, '<=', now).execute()
  }
}

export type SigningKeysRepository = ReturnType<typeof signingKeysRepository>
