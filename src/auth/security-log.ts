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
  'refresh.reused'
])

const hour = 60 * 60 * 1000
/** Rows of one event in an hour; for login, those of one account at one address. */
const freeRows = { account: 20, address: 100 }

/** How many events the `count`th one's row stands for: 1 up to `free`, then what came since the last row; 0: no row. */
function timesOf(count: number, free: number): number {
  if (count <= free) return 1
  return Number.isInteger(Math.log2(count / free)) ? count / 2 : 0
}

interface Who {
  user_id?: string | null
  session_id?: string | null
  /** Whose account was tried, whether there is one or not: such events are bounded by it, and by address. */
  account?: string
}

/** Security events: a row each, and a log line with the event's stable name (OWASP ASVS 5.0, 16.3). */
export function createSecurityLog(events: SecurityEventsRepository, log: Log, clock = Date.now) {
  const windows = createWindows(undefined, { kind: 'events', maxEntries: 50_000, clock })
  const counts = new Map<SecurityEventName, number>(securityEventNames.map((name) => [name, 0]))

  const tally = async (...name: unknown[]): Promise<number> =>
    (await windows.count([{ name: name.join('\n'), max: Number.POSITIVE_INFINITY, length: hour }])).count

  /**
   * The row of an event. Anybody can fail as often as they like, so of failures in one hour some rows stand for many: 20 of an
   * account are written, then the 40th, the 80th and so on, without an address; alike 100 of an address, without a user.
   */
  async function rowOf(entry: SecurityEvent, account: string | undefined): Promise<SecurityEvent | undefined> {
    const { event, user_id = null, address } = entry
    if (event === 'login') {
      const times = timesOf(await tally(event, user_id, address), freeRows.account)
      return times > 0 ? { ...entry, times } : undefined
    }
    if (account === undefined) return entry
    const ofAddress = timesOf(await tally(event, 'address', address), freeRows.address)
    const ofAccount = timesOf(await tally(event, 'account', account), freeRows.account)
    if (ofAddress === 0 || ofAccount === 0) return undefined
    if (ofAddress > 1) return { event, user_id: null, address, user_agent: null, times: ofAddress }
    if (ofAccount > 1) return { event, user_id, address: null, user_agent: null, times: ofAccount }
    return entry
  }

  return {
    /** How many there were of each, since the start. */
    counts: counts as ReadonlyMap<SecurityEventName, number>,

    /** What happened, from where, to whom. Never an email, a token or a password: people type them into the wrong field. */
    async record(event: SecurityEventName, client: Client, { account, ...who }: Who = {}) {
      const entry = { event, ...who, address: client.prefix, user_agent: client.userAgent?.slice(0, 512) ?? null }
      if (alarming.has(event)) log.warn(entry, 'security')
      else log.info(entry, 'security')
      counts.set(event, Number(counts.get(event)) + 1)
      const row = await rowOf(entry, account)
      // What it tells of has happened, and must not look undone because of it.
      if (row) await events.insert(row).catch((err) => log.warn({ err, event }, 'security event not stored'))
    },

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
