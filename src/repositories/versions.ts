import { type SqlBool, sql } from 'kysely'

/** The `updated_at` of the versions that a change may replace; undefined for any. */
export type Versions = readonly string[] | undefined

/** A condition of `where`: the row has one of these versions. */
export function hasVersion(versions: Versions) {
  if (!versions) return sql<SqlBool>`true`
  if (versions.length === 0) return sql<SqlBool>`false`
  const each = versions.map((version) => sql`updated_at = ${version}::timestamptz`)
  return sql<SqlBool>`(${sql.join(each, sql` or `)})`
}

/** The next `updated_at` of a row: every change moves it on, also two within a millisecond. */
export const nextVersion = (table: string) =>
  sql<string>`greatest(now(), ${sql.ref(`${table}.updated_at`)} + interval '1 millisecond')`
