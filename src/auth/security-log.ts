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

/**
 * What changes an account has a row of its own, whatever else the user did in that hour. The state of the account or a limit
 * (throttle/changes.ts, RATE_LIMIT_MAIL) bounds how often each of these can happen.
 */
const single = new Set<SecurityEventName>([
  'register',
  'account.deleted',
  'password.changed',
  'password.reset',
  'email.verified',
  'email.requested',
  'email.changed',
  'email.cancelled',
  'totp.on',
  'totp.off',
  'totp.used',
  'recovery_codes.made',
  'recovery_code.used',
  'passkey.added',
  'passkey.removed',
  'token.created',
  'token.ended'
])

const hour = 60 * 60 * 1000
// Rows an hour that are stored one by one. Of failures: those of an account, and of an address.
const unlimitedRows = { account: 20, address: 100 }
// Of what a user repeats: from one address, and from all of them.
const unlimitedRepeats = { address: 20, user: 200 }
const maxRepeated = 1_000

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

  // By event and user, what has no row yet. `most`: as many get one at once.
  const repeated = new Map<string, { summary: SecurityEvent; times: number; most: number }>()
  let timer: NodeJS.Timeout | undefined

  const tally = async (...name: unknown[]): Promise<number> =>
    (await windows.count([{ name: name.join('\n'), max: Number.POSITIVE_INFINITY, length: hour }])).count

  // The event has already happened: an error here must not fail the request.
  const store = (row: SecurityEvent): Promise<void> =>
    events.insert(row).then(stored, (err) => log.warn({ err, event: row.event }, 'security event not stored'))

  /** Stores what was repeated and has no row yet. Without an address, because the account may have been deleted meanwhile. */
  async function storeRepeated(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const rows = [...repeated.values()].filter(({ times }) => times > 0)
    repeated.clear()
    for (const { summary, times } of rows) await store({ ...summary, times })
  }

  // 20 from an address, then a row for the next 20, 40 and so on, and within an hour one for the rest.
  async function rowOfRepeated(entry: SecurityEvent): Promise<SecurityEvent | undefined> {
    const { event, user_id = null, address } = entry
    const isFew = (await tally(event, user_id, address)) <= unlimitedRepeats.address
    // Only rows count, so that many events from one address do not hide the first ones from another.
    if (isFew && (user_id === null || (await tally(event, user_id)) <= unlimitedRepeats.user))
      return { ...entry, times: 1 }
    const key = `${event} ${user_id}`
    const { actor } = entry as Required<SecurityEvent>
    const summary = { event, user_id, actor, address: null, user_agent: null }
    const known = repeated.get(key) ?? { summary, times: 0, most: unlimitedRepeats.address }
    known.times += 1
    repeated.set(key, known)
    timer ??= setTimeout(storeRepeated, hour).unref()
    if (repeated.size > maxRepeated) await storeRepeated()
    if (known.times < known.most) return undefined
    const { times } = known
    known.times = 0
    known.most = 2 * times
    return { ...summary, times }
  }

  // Failures can be caused at will, and rows are never deleted, so they are limited per hour: the first 20 of an account, then the
  // 40th, the 80th and so on, which represent those before and have no address; likewise 100 of an address, without a user.
  async function rowOf(entry: SecurityEvent, account: string | undefined): Promise<SecurityEvent | undefined> {
    const { event, user_id = null, address } = entry
    if (single.has(event)) return entry
    if (account === undefined) return rowOfRepeated(entry)
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
      if (row) await store(row)
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

    storeRepeated,

    hasLoggedInFrom: events.hasLoggedInFrom
  }
}

export type SecurityLog = ReturnType<typeof createSecurityLog>
