import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../database/tables.ts'

const kind = sql`split_part(password_hash, '$', 3)`

const find = (which: 'min' | 'max', where: RawBuilder<unknown>) =>
  sql<string | null>`(select ${sql.raw(which)}(${kind}) from users where password_hash is not null and ${where})`

/** What kinds of hashes begin with, and end before, in the order of `users_by_hash_kind`. */
type Range = readonly [first: string, end: string]

/**
 * Finds out what stored hashes need. It reads a few entries of `users_by_hash_kind`, whose order is: scrypt's hashes, which
 * have no `$`, bcrypt's costs below 10 (`$2b$08$...`), the kinds of argon2 and PBKDF2, and bcrypt's costs from 10.
 */
export async function findHashKinds(
  db: Kysely<Database>,
  { argon2: [first, end], pbkdf2 }: { argon2: Range; pbkdf2: Readonly<Record<string, Range>> }
) {
  const ofDigests = Object.entries(pbkdf2).map(([name, [least, end]]) => {
    return sql`select ${name}::text, ${find('max', sql`${kind} >= ${least} and ${kind} < ${end}`)}`
  })
  const { rows } = await sql<{ what: string; found: string | null }>`
    with recursive argon2 (found) as (
      select ${find('min', sql`${kind} >= ${first} and ${kind} < ${end}`)}
      union all
      select next.kind from argon2, lateral (
        select ${kind} as kind from users
        where password_hash is not null and ${kind} > argon2.found and ${kind} < ${end} order by 1 limit 1
      ) next
    )
    select 'scrypt' as what, ${find('min', sql`true`)} as found
    union all select 'cost', coalesce(${find('max', sql`${kind} >= '1'`)}, ${find('max', sql`${kind} < ${first}`)})
    union all select 'argon2', found from argon2
    union all ${sql.join(ofDigests, sql` union all `)}`.execute(db)
  const of = (name: string) => rows.flatMap(({ what, found }) => (what === name && found !== null ? [found] : []))
  return {
    cost: Number(of('cost')[0] ?? 0),
    scrypt: of('scrypt')[0] === '',
    pbkdf2: Object.fromEntries(
      Object.keys(pbkdf2).flatMap((name) => of(name).map((kind) => [name, Number(kind.slice(-8))]))
    ),
    argon2: of('argon2')
  }
}
