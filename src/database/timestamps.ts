import pg from 'pg'

/** The object ids of `timestamptz`, and of `timestamp`, which has no time zone. */
const TIMESTAMPTZ = 1184
const TIMESTAMP = 1114

/**
 * PostgreSQL's text of a timestamptz (`2026-11-20 20:08:04.1+00`) as RFC 3339 in UTC with milliseconds. A session in UTC
 * costs two slices and no Date.
 */
export function rfc3339(text: string): string {
  if (!text.endsWith('+00')) return new Date(text).toISOString()
  if (text.length >= 26) return `${text.slice(0, 10)}T${text.slice(11, 23)}Z`
  // PostgreSQL leaves out the zeros at the end of a fraction.
  const fraction = text.slice(20, -3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
}

/**
 * A `timestamp` is read as UTC, whatever the process's own time zone, which pg would take. We have no such columns; in other
 * systems' databases Drizzle and Prisma write them in UTC.
 */
export const timeParsers = { [TIMESTAMPTZ]: rfc3339, [TIMESTAMP]: (text: string) => rfc3339(`${text}+00`) }

/** As pg reads values, but for times. */
export const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  format !== 'binary' && oid in timeParsers
    ? timeParsers[oid as keyof typeof timeParsers]
    : pg.types.getTypeParser(oid, format)
