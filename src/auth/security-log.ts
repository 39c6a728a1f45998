import {
  type SecurityEventName,
  type SecurityEventsRepository,
  securityEventNames
} from '../repositories/security-events.ts'
import type { Client } from './client.ts'

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

const alarming = new Set<SecurityEventName>([
  'login.failed',
  'login.throttled',
  'password.failed',
  'password.throttled',
  'refresh.reused'
])

/** Security events: a row each, and a log line with the event's stable name (OWASP ASVS 5.0, 16.3). */
export function createSecurityLog(events: SecurityEventsRepository, log: Log) {
  const counts = new Map<SecurityEventName, number>(securityEventNames.map((name) => [name, 0]))

  return {
    /** How many there were of each, since the start. */
    counts: counts as ReadonlyMap<SecurityEventName, number>,

    /** What happened, from where, to whom. Never an email, a token or a password: people type them into the wrong field. */
    async record(
      event: SecurityEventName,
      client: Client,
      who: { user_id?: string | null; session_id?: string | null } = {}
    ) {
      const entry = { event, ...who, address: client.prefix, user_agent: client.userAgent?.slice(0, 512) ?? null }
      if (alarming.has(event)) log.warn(entry, 'security')
      else log.info(entry, 'security')
      counts.set(event, Number(counts.get(event)) + 1)
      // What it tells of has happened, and must not look undone because of it.
      await events.insert(entry).catch((err) => log.warn({ err, event }, 'security event not stored'))
    },

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
