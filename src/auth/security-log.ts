import { createWindows } from '../redis/windows.ts'
import {
  type SecurityEvent,
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
  'second_factor.failed',
  'second_factor.throttled',
  'refresh.reused',
  'passkey.failed',
  'passkey.cloned',
  'mail.dead'
])

/** Of a user who does nothing wrong. */
const frequent = new Set<SecurityEventName>(['login', 'login.challenged', 'step_up', 'totp.used'])

const hour = 60 * 60 * 1000
// Rows an hour that are stored one by one: failures of an account (logins: of account and address), of an address.
const unlimitedRows = { account: 20, address: 100 }

// 1 up to `free`, then the events since the last row, at each doubling; 0: no row.
function eventsPerRow(count: number, free: number): number {
  if (count <= free) return 1
  return Number.isInteger(Math.log2(count / free)) ? count / 2 : 0
}

interface Who {
  user_id?: string | null
  session_id?: string | null
  account?: string
}

/** Stores security events, and logs each one with a stable name (OWASP ASVS 5.0, 16.3). */
export function createSecurityLog(
  events: Pick<SecurityEventsRepository, 'insert' | 'hasLoggedInFrom'>,
  log: Log,
  clock = Date.now
) {
  const windows = createWindows(undefined, { kind: 'events', maxEntries: 50_000, clock })
  const counts = new Map<SecurityEventName, number>(securityEventNames.map((name) => [name, 0]))

  const tally = async (...name: unknown[]): Promise<number> =>
    (await windows.count([{ name: name.join('\n'), max: Number.POSITIVE_INFINITY, length: hour }])).count

  // Failures can be caused at will, so rows are limited per hour: the first 20 of an account, then the 40th, the 80th and so on,
  // which represent those before and have no address; likewise 100 of an address, without a user.
  async function rowOf(entry: SecurityEvent, account: string | undefined): Promise<SecurityEvent | undefined> {
    const { event, user_id = null, address } = entry
    if (frequent.has(event)) {
      const times = eventsPerRow(await tally(event, user_id, address), unlimitedRows.account)
      return times > 0 ? { ...entry, times } : undefined
    }
    if (account === undefined) return entry
    const ofAddress = eventsPerRow(await tally(event, 'address', address), unlimitedRows.address)
    const ofAccount = eventsPerRow(await tally(event, 'account', account), unlimitedRows.account)
    if (ofAddress === 0 || ofAccount === 0) return undefined
    if (ofAddress > 1) return { event, user_id: null, address, user_agent: null, times: ofAddress }
    if (ofAccount > 1) return { event, user_id, address: null, user_agent: null, times: ofAccount }
    return entry
  }

  return {
    counts: counts as ReadonlyMap<SecurityEventName, number>,

    /** Records an event. Never pass an email, a token or a password: people type them into the wrong field. */
    async record(event: SecurityEventName, client: Client, { account, ...who }: Who = {}) {
      const entry = { event, ...who, address: client.prefix, user_agent: client.userAgent?.slice(0, 512) ?? null }
      if (alarming.has(event)) log.warn(entry, 'security')
      else log.info(entry, 'security')
      counts.set(event, Number(counts.get(event)) + 1)
      const row = await rowOf(entry, account)
      // The event has already happened: an error here must not fail the request.
      if (row) await events.insert(row).catch((err) => log.warn({ err, event }, 'security event not stored'))
    },

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
