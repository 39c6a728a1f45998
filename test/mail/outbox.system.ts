import { type Kysely, sql } from 'kysely'
import PostalMime from 'postal-mime'
import t, { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import type { Database } from '../../src/database/tables.ts'
import { lanes } from '../../src/mail/transport.ts'
import { newId } from '../../src/util/ids.ts'
import { secret } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { patient } from '../helpers/patient.ts'
import { run } from '../helpers/process.ts'
import { mailSettings, startSmtp } from '../helpers/smtp.ts'
import { cloneTemplate, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

// Each test has its own time: on a busy machine one takes two minutes.
t.setTimeout(0)
const needs = {
  skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process',
  timeout: 480_000
}
// CI has less time.
const count = process.env.CI ? 3_000 : 10_000
/** Rows per statement, and mails of one wait. */
const batch = 500
/** Of so many mails one carries a link and a code, which take two more statements. */
const perLink = 10

/** Writes mails that wait, to users. Returns the recipients by Message-ID. */
async function fillOutbox(db: Kysely<Database>) {
  const recipients = new Map<string, string>()
  for (let from = 0; from < count; from += batch) {
    const mails = Array.from({ length: batch }, (_, i) => ({
      id: newId(),
      kind: i % perLink ? 'password.changed' : 'reset',
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
  return recipients
}

/** More mails than two workers have under way. */
const ofThree = 2 * lanes + 1

/** A mail server that keeps the bytes of each mail, because reading all of them would take longer than sending them. */
async function startKeeping(t: Test) {
  const mails: { id: string; recipient: string; bytes: Buffer }[] = []
  const answers = { areHeld: false, held: [] as (() => void)[] }
  const { url } = await startSmtp(t, {
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const id = /^Message-ID: (\S+)\r$/im.exec(bytes.toString('latin1'))?.[1] ?? ''
        mails.push({ id, recipient: envelope.rcptTo.map(({ address }) => address).join(), bytes })
        if (answers.areHeld) answers.held.push(done)
        else done()
      })
    }
  })
  /** Accepts no mail until all three workers have mails under way, and something has happened then. */
  async function holdUntilAllSend(act = () => {}) {
    answers.areHeld = true
    await until('mails of three workers', () => answers.held.length >= ofThree)
    act()
    answers.areHeld = false
    for (const accept of answers.held.splice(0)) accept()
  }
  return { url, mails, holdUntilAllSend }
}

/** The service with three workers that send to a mail server. */
async function start(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const db = openDatabase({ databaseUrl: settings.DATABASE_URL, dataDir: '', ...patient }, captureLog().log)
  t.teardown(() => db.destroy())
  const { url, mails, holdUntilAllSend } = await startKeeping(t)
  const given = { BETTER_AUTH_SECRET: secret, NODE_ENV: 'production', RATE_LIMIT_ENABLED: 'false' }
  const all = run(t, 'src/server.ts', { ...given, ...settings, ...mailSettings(url) }, ['--workers', '3'])
  const ofWorker = (place: number) =>
    Number(new RegExp(`"worker":${place},"pid":(\\d+),"msg":"worker started"`).exec(all.output.stdout)?.[1])
  /** Waits until this many mails have arrived. */
  async function arrived(wanted: number) {
    for (let some = batch; some < wanted; some += batch) await until(`${some} mails`, () => mails.length >= some)
    await until(`${wanted} mails`, () => mails.length >= wanted)
  }
  // The first worker starts alone, and could send everything before the others.
  await until('three workers', () => all.output.stdout.match(/"msg":"Server listening/g)?.length === 3)
  const sending = holdUntilAllSend()
  const begin = performance.now()
  const recipients = await fillOutbox(db)
  await sending
  const seconds = () => (performance.now() - begin) / 1000
  return { mails, holdUntilAllSend, db, recipients, all, ofWorker, arrived, seconds }
}

type Kept = Awaited<ReturnType<typeof startKeeping>>['mails'][number]

/** The mails that arrived, by their Message-ID. */
const byId = (mails: Kept[]) => Map.groupBy(mails, ({ id }) => id)

/** The mails that did not arrive where they were written to. Comparing two maps would take seconds. */
function missing(recipients: Map<string, string>, mails: Kept[]): string[] {
  const found = new Map(mails.map(({ id, recipient }) => [id, recipient]))
  return [...recipients].flatMap(([id, recipient]) => (found.get(id) === recipient ? [] : [id]))
}

test(`of ${count} mails and three workers, each mail is sent once by one of them`, needs, async (t) => {
  const { mails, db, recipients, arrived, seconds } = await start(t)
  await arrived(count)
  t.comment(`${count} mails in ${seconds().toFixed(1)} s`)
  const left = () => db.selectFrom('mails').select('id').where('done_at', 'is', null).execute()
  await until('the last mail to be recorded', async () => (await left()).length === 0)
  t.strictSame([mails.length, byId(mails).size], [count, count])
  t.strictSame(missing(recipients, mails), [])
  for (let i = 0; i < count; i += count / 20) {
    const { id, recipient, bytes } = mails[i] as Kept
    t.match(await PostalMime.parse(bytes), { messageId: id, to: [{ address: recipient }], text: /Gatehouse/ })
  }
  const outcomes = await db
    .selectFrom('mails')
    .select(({ fn }) => ['outcome', 'attempts', fn.countAll<string>().as('count')])
    .groupBy(['outcome', 'attempts'])
    .execute()
  t.strictSame(outcomes, [{ outcome: 'sent', attempts: 1, count: String(count) }])
})

test('with a worker killed, no mail is lost, and only those in flight may come twice', needs, async (t) => {
  const { mails, holdUntilAllSend, db, recipients, all, ofWorker, arrived } = await start(t)
  const [, url = ''] = await all.says(/"msg":"listening","url":"([^"]*)"/)
  await arrived(count / 2)
  await holdUntilAllSend(() => process.kill(ofWorker(2), 'SIGKILL'))
  await arrived(count - lanes)
  const undone = () =>
    db
      .selectFrom('mails')
      .select(['id', sql<boolean>`next_at <= now()`.as('is_due')])
      .where('done_at', 'is', null)
      .execute()
  // Not by the time of the kill: PostgreSQL may carry out the last claim of the dead worker after it.
  const inFlight = await until('the other workers to have nothing to send', async () => {
    const rows = await undone()
    return rows.length <= lanes && rows.every(({ is_due }) => !is_due) && rows
  })
  t.ok(inFlight.length >= 1, `${inFlight.length} mails were in flight`)
  t.equal(byId(mails).size, mails.length, 'none has come twice')
  // The end of the lease.
  await db.updateTable('mails').set({ next_at: sql`now()` }).where('done_at', 'is', null).execute()
  // A request makes a worker look for mails. One that is still busy refuses it (503).
  await until('an answer', async () => {
    const answer = await fetch(`${url}/api/auth/password/forgot`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'nobody@example.com' })
    })
    return answer.status === 202
  })
  await until('the mails that were in flight', async () => (await undone()).length === 0)
  const found = byId(mails)
  t.strictSame(missing(recipients, mails), [], 'none is lost')
  t.equal(found.size, count)
  const ids = new Set(inFlight.map(({ id }) => `<${id}@mail.example.com>`))
  const twice = [...found].filter(([, mails]) => mails.length > 1)
  t.comment(`${twice.length} of ${inFlight.length} mails that were in flight came twice`)
  for (const [id, [first, second, ...more]] of twice) {
    t.ok(ids.has(id), `${id} was in flight`)
    t.equal(more.length, 0)
    const [once, again] = [await PostalMime.parse(first?.bytes ?? ''), await PostalMime.parse(second?.bytes ?? '')]
    t.strictSame([again.text, again.html], [once.text, once.html], 'the same link and code')
  }
})
