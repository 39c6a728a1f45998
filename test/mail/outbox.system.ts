import { sql } from 'kysely'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { lanes } from '../../src/mail/transport.ts'
import { newId } from '../../src/util/ids.ts'
import { secret } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { run } from '../helpers/process.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { cloneTemplate, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const needs = { skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process' }
const count = 10_000
/** Rows per statement. */
const batch = 1_000

/** A database with mails that wait, of both kinds: every second one carries a link and a code for a user. */
async function fillOutbox(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const db = openDatabase({ databaseUrl: settings.DATABASE_URL, dataDir: '' }, captureLog().log)
  t.teardown(() => db.destroy())
  const recipients = new Map<string, string>()
  for (let from = 0; from < count; from += batch) {
    const mails = Array.from({ length: batch }, (_, i) => ({
      id: newId(),
      kind: i % 2 ? 'reset' : 'password.changed',
      recipient: `person-${from + i}@example.com`,
      ...{ language: 'en', address: '192.0.2.1', seed: crypto.getRandomValues(Buffer.alloc(32)) }
    }))
    for (const { id, recipient } of mails) recipients.set(`<${id}@mail.example.com>`, recipient)
    await db
      .insertInto('users')
      .values(mails.map(({ recipient: email }) => ({ id: newId(), email, name: 'Somebody', password_hash: 'none' })))
      .execute()
    await db.insertInto('mails').values(mails).execute()
  }
  return { settings, db, recipients }
}

/** A mail server, and the service with three workers that send to it. */
async function start(t: Test) {
  const { settings, db, recipients } = await fillOutbox(t)
  let open = 0
  let widest = 0
  const smtp = await startSmtp(t, {
    onConnect(_session, done) {
      open += 1
      widest = Math.max(widest, open)
      done()
    },
    onClose: () => {
      open -= 1
    }
  })
  const given = { BETTER_AUTH_SECRET: secret, NODE_ENV: 'production', RATE_LIMIT_ENABLED: 'false' }
  const begin = performance.now()
  const all = run(t, 'src/server.ts', { ...given, ...settings, ...mailSettings(smtp.url) }, ['--workers', '3'])
  const ofWorker = (place: number) =>
    Number(new RegExp(`"worker":${place},"pid":(\\d+),"msg":"worker started"`).exec(all.output.stdout)?.[1])
  /** Waits until this many mails have arrived, and all three workers are sending. */
  const arrived = (wanted: number) => until(`${wanted} mails`, () => smtp.mails.length >= wanted && widest > 2 * lanes)
  return { smtp, db, recipients, all, ofWorker, arrived, seconds: () => (performance.now() - begin) / 1000 }
}

type Arrived = Awaited<ReturnType<typeof start>>['smtp']['mails'][number]

/** The mails that arrived, by their Message-ID. */
const byId = (mails: Arrived[]) => Map.groupBy(mails, ({ messageId }) => String(messageId))

test('of 10,000 mails and three workers, each mail is sent once by one of them', needs, async (t) => {
  const { smtp, db, recipients, arrived, seconds } = await start(t)
  await arrived(count)
  t.comment(`${count} mails in ${seconds().toFixed(1)} s, with the start of the workers`)
  const left = () => db.selectFrom('mails').select('id').where('done_at', 'is', null).execute()
  await until('the last mail to be recorded', async () => (await left()).length === 0)
  t.equal(smtp.mails.length, count)
  t.strictSame(new Map(smtp.mails.map(({ messageId, recipient }) => [messageId, recipient])), recipients)
  const tokens = new Set(smtp.mails.map((mail) => tokenOf({ text: mail.text ?? '' })))
  t.equal(tokens.size, count / 2 + 1, 'each link differs, and half of the mails have none')
  const outcomes = await db
    .selectFrom('mails')
    .select(({ fn }) => ['outcome', 'attempts', fn.countAll<string>().as('count')])
    .groupBy(['outcome', 'attempts'])
    .execute()
  t.match(outcomes, [{ outcome: 'sent', attempts: 1, count: String(count) }])
  t.equal(outcomes.length, 1)
})

test(
  'with a worker killed in the middle, no mail is lost, and only those in flight may come twice',
  needs,
  async (t) => {
    const { smtp, db, recipients, all, ofWorker, arrived } = await start(t)
    const [, url = ''] = await all.says(/"msg":"listening","url":"([^"]*)"/)
    await arrived(count / 3)
    process.kill(ofWorker(2), 'SIGKILL')
    const {
      rows: [now]
    } = await sql<{ at: string }>`select now() as at`.execute(db)
    const killed = new Date(now?.at ?? '').getTime()
    await arrived(count - lanes)
    const undone = () => db.selectFrom('mails').select(['id', 'next_at']).where('done_at', 'is', null).execute()
    // A claim moves next_at five minutes ahead.
    const isClaimedBefore = ({ next_at }: { next_at: string }) => new Date(next_at).getTime() - killed < 5 * 60_000
    const isDue = ({ next_at }: { next_at: string }) => new Date(next_at).getTime() <= killed
    const inFlight = await until('the other workers to have nothing to send', async () => {
      const rows = await undone()
      return rows.every((row) => isClaimedBefore(row) && !isDue(row)) && rows
    })
    t.ok(inFlight.length >= 1 && inFlight.length <= lanes, `${inFlight.length} mails were in flight`)
    t.equal(byId(smtp.mails).size, smtp.mails.length, 'none has come twice')
    // The end of the lease.
    await db
      .updateTable('mails')
      .set({ next_at: new Date(killed).toISOString() })
      .where('done_at', 'is', null)
      .execute()
    const answer = await fetch(`${url}/api/auth/password/forgot`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'nobody@example.com' })
    })
    t.equal(answer.status, 202, 'a request makes a worker look for mails')
    await until('the mails that were in flight', async () => (await undone()).length === 0)
    const found = byId(smtp.mails)
    t.strictSame(new Map([...found].map(([id, [mail]]) => [id, mail?.recipient])), recipients, 'none is lost')
    const ids = new Set(inFlight.map(({ id }) => `<${id}@mail.example.com>`))
    const twice = [...found].filter(([, mails]) => mails.length > 1)
    t.comment(`${twice.length} of ${inFlight.length} mails that were in flight came twice`)
    for (const [id, [first, second, ...more]] of twice) {
      t.ok(ids.has(id), `${id} was in flight`)
      t.strictSame([second?.text, second?.html, more], [first?.text, first?.html, []], 'the same link and code')
    }
  }
)
