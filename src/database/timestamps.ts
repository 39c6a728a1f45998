import pg from 'pg'

/** PostgreSQL type OIDs: `timestamptz`, and `timestamp`, which has no time zone. */
const TIMESTAMPTZ = 1184
const TIMESTAMP = 1114

/**
 * Converts PostgreSQL's text of a timestamptz (`2026-11-20 20:08:04.1+00`) to RFC 3339 in UTC with milliseconds. With a
 * session in UTC, this needs no Date.
 */
export function rfc3339(text: string): string {
  if (!text.endsWith('+00')) return new Date(text).toISOString()
  if (text.length >= 26) return `${text.slice(0, 10)}T${text.slice(11, 23)}Z`
  // PostgreSQL omits trailing zeros of a fraction.
  const fraction = text.slice(20, -3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
}

/**
 * Reads a `timestamp` as UTC, where pg assumes the zone of the process. Gatehouse has no such columns, but Drizzle and
 * Prisma write theirs in UTC.
 */
export const timeParsers = { [TIMESTAMPTZ]: rfc3339, [TIMESTAMP]: (text: string) => rfc3339(`${text}+00`) }

/** pg's parsers, except for times. */
export const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  format !== 'binary' && oid in timeParsers
    ? timeParsers[oid as keyof typeof timeParsers]
    : pg.types.getTypeParser(oid, format)
