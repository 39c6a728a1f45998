import { mock } from 'node:test'
import { test } from 'tap'
import { createSecurityLog } from '../../src/auth/security-log.ts'
import { type SecurityEvent, securityEventNames } from '../../src/repositories/security-events.ts'
import { clientAt } from '../helpers/accounts.ts'

/** A security log with rows in memory and a manual clock. */
function start() {
  let now = 0
  const rows: SecurityEvent[] = []
  const events = {
    insert: async (row: SecurityEvent) => {
      rows.push(row)
      return []
    },
    hasLoggedInFrom: async () => false,
    removeOlderThan: async () => []
  }
  const warned: unknown[] = []
  const quiet = { info: () => {}, warn: ({ event }: { event?: unknown }) => void warned.push(event) }
  const log = createSecurityLog(events, quiet, () => now)
  const fail = (account: string, ip: string) => log.record('login.failed', clientAt(ip), { user_id: account, account })
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  const total = () => rows.reduce((sum, { times = 1 }) => sum + times, 0)
  return { log, rows, warned, fail, pass, total }
}

test('failures of one account from many addresses are summarized in few rows', async (t) => {
  const { rows, fail, total, pass } = start()
  for (let i = 0; i < 5_120; i++) await fail('ann', `192.0.${i % 256}.${i >> 8}`)
  t.equal(rows.length, 28)
  t.equal(total(), 5_120)
  t.ok(
    rows.every(({ user_id }) => user_id === 'ann'),
    'its owner sees them'
  )
  t.match(rows[19], { address: '192.0.19.0', times: undefined })
  t.match(rows[20], { address: null, user_agent: null, times: 20 })
  pass(3_600_000)
  await fail('ann', '192.0.2.1')
  t.equal(rows.length, 29, 'another hour')
})

test('failures from one address with many accounts are summarized in few rows', async (t) => {
  const { rows, fail, total } = start()
  for (let i = 0; i < 6_400; i++) await fail(`account ${i}`, '192.0.2.1')
  t.equal(rows.length, 106)
  t.equal(total(), 6_400)
  t.match(rows[100], { user_id: null, address: '192.0.2.1', times: 100 })
})

test('a full limit of one event does not suppress other events', async (t) => {
  const { log, rows, fail } = start()
  for (let i = 0; i < 30; i++) await fail('ann', '192.0.2.1')
  await log.record('login.throttled', clientAt('192.0.2.1'), { user_id: 'ann', account: 'ann' })
  await log.record('logout', clientAt('192.0.2.1'), { user_id: 'ann' })
  t.strictSame(
    rows.slice(-2).map(({ event }) => event),
    ['login.throttled', 'logout']
  )
})

test('repeated logins of a user are summarized, with a row for each address', async (t) => {
  const { log, rows, total } = start()
  const logIn = (ip: string) => log.record('login', clientAt(ip), { user_id: 'ann' })
  for (let i = 0; i < 330; i++) await logIn('192.0.2.1')
  t.equal(rows.length, 24)
  t.match(rows[20], { address: null, user_agent: null, times: 20 })
  await logIn('198.51.100.1')
  t.match(rows.at(-1), { user_id: 'ann', address: '198.51.100.1', times: 1 })
  await log.storeRepeated()
  t.match(rows.at(-1), { user_id: 'ann', actor: 'user', address: null, user_agent: null, times: 10 })
  t.equal(total(), 331, 'every event is in a row')
  await log.storeRepeated()
  t.equal(rows.length, 26, 'once')
})

const changes = [
  'password.changed',
  'email.requested',
  'email.changed',
  'totp.on',
  'totp.off',
  'recovery_codes.made',
  'passkey.added',
  'passkey.removed',
  'token.created',
  'token.ended'
] as const

test('every event that changes an account has a row of its own, however often it happens', async (t) => {
  const { log, rows } = start()
  for (const event of changes)
    for (let i = 0; i < 90; i++)
      await log.record(event, clientAt('192.0.2.1'), { user_id: 'ann', session_id: `session ${i}` })
  t.equal(rows.length, 90 * changes.length)
  t.ok(
    rows.every(({ address, session_id, times = 1 }) => address && session_id && times === 1),
    'with where it came from'
  )
})

const repeatable = ['step_up', 'session.ended', 'sessions.ended', 'account.exported', 'logout'] as const

test('events that a user can repeat are summarized, from however many addresses and sessions', async (t) => {
  const { log, rows, total, pass } = start()
  for (const event of repeatable)
    for (let i = 0; i < 6_400; i++)
      await log.record(event, clientAt(`192.0.${i % 64}.1`), { user_id: 'ann', session_id: `session ${i}` })
  const rowsOfEach = 200 + 8
  t.equal(rows.length, rowsOfEach * repeatable.length)
  await log.storeRepeated()
  t.equal(rows.length, (rowsOfEach + 1) * repeatable.length)
  t.equal(total(), 6_400 * repeatable.length)
  pass(3_600_000)
  await log.record('sessions.ended', clientAt('192.0.2.1'), { user_id: 'ann' })
  t.match(rows.at(-1), { address: '192.0.2.1', times: 1 }, 'another hour')
})

test('summarized events are stored within an hour', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { log, rows } = start()
  for (let i = 0; i < 25; i++) await log.record('logout', clientAt('192.0.2.1'), { user_id: 'ann' })
  t.equal(rows.length, 20)
  mock.timers.tick(3_600_000)
  t.match(rows.slice(20), [{ event: 'logout', user_id: 'ann', times: 5 }])
})

test('summarized events of more than a thousand users are stored before the hour has passed', async (t) => {
  const { log, rows } = start()
  for (let user = 0; user <= 1_000; user++)
    for (let i = 0; i < 21; i++) await log.record('logout', clientAt('192.0.2.1'), { user_id: `user ${user}` })
  t.equal(rows.length, 21 * 1_001)
})

test('events of many users are stored one by one', async (t) => {
  const { log, rows } = start()
  for (const event of ['register', 'sessions.ended'] as const)
    for (let i = 0; i < 300; i++) await log.record(event, clientAt('192.0.2.1'), { user_id: `user ${i}` })
  t.equal(rows.length, 600, 'whatever the number from one address')
})

test('events that may belong to an attack are logged as warnings, and those of a stranger have the actor anonymous', async (t) => {
  const { log, rows, warned } = start()
  for (const event of securityEventNames) await log.record(event, clientAt('192.0.2.1'), { user_id: 'ann' })
  const ofStrangers = [
    ...['login.failed', 'login.throttled', 'refresh.reused', 'second_factor.failed', 'second_factor.throttled'],
    ...['passkey.failed', 'passkey.cloned']
  ]
  t.strictSame(warned.toSorted(), [...ofStrangers, 'password.failed', 'password.throttled', 'mail.dead'].toSorted())
  const anonymous = rows.flatMap(({ event, actor }) => (actor === 'user' ? [] : [`${actor} ${event}`]))
  t.strictSame(anonymous.toSorted(), ofStrangers.map((event) => `anonymous ${event}`).toSorted())
})
