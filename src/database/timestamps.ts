import pg from 'pg'

const TIMESTAMPTZ_OID = 1184
const TIMESTAMP_OID = 1114

/** Converts a timestamptz (`2026-11-20 20:08:04.1+00`) to RFC 3339 with milliseconds. A session in UTC needs no Date. */
export function rfc3339(text: string): string {
  if (!text.endsWith('+00')) return new Date(text).toISOString()
  if (text.length >= 26) return `${text.slice(0, 10)}T${text.slice(11, 23)}Z`
  // PostgreSQL omits trailing zeros of a fraction.
  const fraction = text.slice(20, -3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
}

// pg assumes the zone of the process. Gatehouse has no `timestamp` columns, but Drizzle and Prisma write theirs in UTC.
export const timeParsers = { [TIMESTAMPTZ_OID]: rfc3339, [TIMESTAMP_OID]: (text: string) => rfc3339(`${text}+00`) }

export const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  format !== 'binary' && oid in timeParsers
    ? timeParsers[oid as keyof typeof timeParsers]
    : pg.types.getTypeParser(oid, format)
