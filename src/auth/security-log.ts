import type { SecurityEventName, SecurityEventsRepository } from '../repositories/security-events.ts'
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
  return {
    /** What happened, from where, to whom. Never an email, a token or a password: people type them into the wrong field. */
    async record(
      event: SecurityEventName,
      client: Client,
      who: { user_id?: string | null; session_id?: string | null } = {}
    ) {
      const entry = { event, ...who, address: client.prefix, user_agent: client.userAgent?.slice(0, 512) ?? null }
      if (alarming.has(event)) log.warn(entry, 'security')
      else log.info(entry, 'security')
      await events.insert(entry)
    },

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
