import type { Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { createWindows } from '../redis/windows.ts'
import {
  type ActorKind,
  type SecurityEvent,
  type SecurityEventName,
  type SecurityEventsRepository,
  securityEventNames,
  securityEventsRepository
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

/** Caused by somebody who did not prove to be the user. */
const anonymous = new Set<SecurityEventName>([
  'login.failed',
  'login.throttled',
  'second_factor.failed',
  'second_factor.throttled',
  'refresh.reused',
  'passkey.failed',
  'passkey.cloned'
])

/** They happen once to an account. */
const once = new Set<SecurityEventName>(['register', 'account.deleted'])

const hour = 60 * 60 * 1000
// Rows an hour that are stored one by one: failures of an account (others: of account and address), of an address.
const unlimitedRows = { account: 20, address: 100 }

// 1 up to `free`, then the events since the last row, at each doubling; 0: no row.
function eventsPerRow(count: number, free: number): number {
  if (count <= free) return 1
  return Number.isInteger(Math.log2(count / free)) ? count / 2 : 0
}

export interface Who {
  user_id?: string | null
  session_id?: string | null | undefined
  account?: string
  /** By default the user, or nobody known for failures. `id`: of the admin. */
  actor?: { kind: ActorKind; id?: string }
  /** Of operators: never the address or the name of a person. */
  reason?: string
}

/** Stores security events, and logs each one with a stable name (OWASP ASVS 5.0, 16.3). */
export function createSecurityLog(
  events: Pick<SecurityEventsRepository, 'insert' | 'hasLoggedInFrom'>,
  log: Log,
  clock = Date.now,
  /** Called after an event was stored: the sealer's (src/audit/sealing.ts). */
  stored = () => {}
) {
  const windows = createWindows(undefined, { kind: 'events', maxEntries: 50_000, clock })
  const counts = new Map<SecurityEventName, number>(securityEventNames.map((name) => [name, 0]))

  const tally = async (...name: unknown[]): Promise<number> =>
    (await windows.count([{ name: name.join('\n'), max: Number.POSITIVE_INFINITY, length: hour }])).count

  // Events can be caused at will, and rows are never deleted, so they are limited per hour: the first 20 of an account, then the
  // 40th, the 80th and so on, which represent those before. Rows of several failures have no address; likewise 100 of an address,
  // without a user.
  async function rowOf(entry: SecurityEvent, account: string | undefined): Promise<SecurityEvent | undefined> {
    const { event, user_id = null, address } = entry
    if (once.has(event)) return entry
    if (account === undefined) {
      const times = eventsPerRow(await tally(event, user_id, address), unlimitedRows.account)
      return times > 0 ? { ...entry, times } : undefined
    }
    const ofAddress = eventsPerRow(await tally(event, 'address', address), unlimitedRows.address)
    const ofAccount = eventsPerRow(await tally(event, 'account', account), unlimitedRows.account)
    if (ofAddress === 0 || ofAccount === 0) return undefined
    const { actor } = entry as Required<SecurityEvent>
    const several = { event, actor, user_agent: null }
    if (ofAddress > 1) return { ...several, user_id: null, address, times: ofAddress }
    if (ofAccount > 1) return { ...several, user_id, address: null, times: ofAccount }
    return entry
  }

  function entryOf(event: SecurityEventName, client: Client, { actor, reason, ...who }: Omit<Who, 'account'>) {
    const { kind, id } = actor ?? { kind: anonymous.has(event) ? 'anonymous' : 'user' }
    const origin = { address: client.prefix || null, user_agent: client.userAgent?.slice(0, 512) ?? null }
    const doer = { actor: kind, actor_id: id ?? null, request_id: client.requestId ?? null }
    return { event, ...who, ...origin, ...doer, reason: reason ?? null } satisfies SecurityEvent
  }

  function tell(entry: ReturnType<typeof entryOf>): void {
    const { reason, ...line } = entry
    const level = alarming.has(entry.event) ? 'warn' : 'info'
    log[level](line, 'security')
    counts.set(entry.event, Number(counts.get(entry.event)) + 1)
  }

  return {
    counts: counts as ReadonlyMap<SecurityEventName, number>,

    /** Records an event. Never pass an email, a token or a password: people type them into the wrong field. */
    async record(event: SecurityEventName, client: Client, { account, ...who }: Who = {}) {
      const entry = entryOf(event, client, who)
      tell(entry)
      const row = await rowOf(entry, account)
      if (!row) return
      // The event has already happened: an error here must not fail the request.
      await events.insert(row).then(stored, (err) => log.warn({ err, event }, 'security event not stored'))
    },

    /**
     * Stores an event in the transaction of what it is about, so that neither happens without the other: for what operators
     * do. Call the returned function after the commit.
     */
    async recordWithin(
      trx: Transaction<Database>,
      event: SecurityEventName,
      client: Client,
      who: Omit<Who, 'account'>
    ) {
      const entry = entryOf(event, client, who)
      await securityEventsRepository(trx).insert(entry)
      return function committed() {
        tell(entry)
        stored()
      }
    },

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
