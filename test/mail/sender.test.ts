import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { createLetters } from '../../src/mail/letters.ts'
import { createMailTokens } from '../../src/mail/mail-tokens.ts'
import { createSender, type Parts } from '../../src/mail/sender.ts'
import { type Letter, lanes, type Transport } from '../../src/mail/transport.ts'
import { type ClaimedMail, outboxRepository } from '../../src/repositories/outbox.ts'
import { startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { until } from '../helpers/wait.ts'

const { app, config, signUp } = await startApp(t)
// It would take the mails of the senders here.
await app.mail.sender?.stop()
const outbox = outboxRepository(app.db)
const settings = config.mail as NonNullable<typeof config.mail>

t.beforeEach(() => app.db.deleteFrom('mails').execute())

const write = (recipient = `${crypto.randomUUID()}@example.com`) =>
  outbox
    .insert({
      kind: 'password.changed',
      recipient,
      language: 'en',
      address: '192.0.2.1',
      user_agent: null,
      seed: Buffer.alloc(32, 7)
    })
    .then(() => recipient)
const rows = () => app.db.selectFrom('mails').selectAll().orderBy('id').execute()
const refusal = (responseCode: number, command = 'RCPT TO') =>
  Object.assign(new Error(`${responseCode} for ann@example.com`), { responseCode, command })

interface Options {
  send?: Transport['send']
  parts?: Partial<Parts>
}

/** A sender on the app's outbox whose mail server is a function. */
function startSender({ send = async () => {}, parts = {} }: Options = {}) {
  const sent: Letter[] = []
  const dead: ClaimedMail[] = []
  const { log, lines } = captureLog()
  let closed = 0
  const sender = createSender({
    outbox,
    letters: createLetters(app.db, settings, createMailTokens(config.secrets)),
    log,
    onDead: async (mail) => void dead.push(mail),
    random: () => 1,
    pause: async () => {},
    transport: async () => ({
      async send(letter, signal) {
        await send(letter, signal)
        sent.push(letter)
      },
      check: async () => {},
      close: () => {
        closed += 1
      }
    }),
    ...parts
  })
  /** Looks for mails until none is due. */
  async function run() {
    sender.wake()
    await sender.idle()
  }
  return { sender, sent, dead, lines, run, closed: () => closed }
}

test('a mail is sent once, and its row contains no secret afterwards', async (t) => {
  const recipient = await write()
  const { sent, run, sender } = startSender()
  await run()
  await run()
  t.match(sent, [{ to: recipient, subject: 'Your Gatehouse password was changed' }])
  t.equal(sent.length, 1)
  const [row, ...others] = await rows()
  t.match(row, { outcome: 'sent', attempts: 1, error: null })
  t.equal(row?.seed.length, 0)
  t.strictSame(others, [])
  t.strictSame([...sender.outcomes], [['sent', 1]])
})

test('an older mail that is written after a newer one has no link, and is dropped', async (t) => {
  const [recipient, language, address, user_agent] = [`${crypto.randomUUID()}@example.com`, 'en', '192.0.2.1', null]
  for (const byte of [1, 2])
    await outbox.insert({ kind: 'reset', recipient, language, address, user_agent, seed: Buffer.alloc(32, byte) })
  const [older, newer] = [...(await outbox.claim(60, 1)), ...(await outbox.claim(60, 1))] as [ClaimedMail, ClaimedMail]
  const letters = createLetters(app.db, settings, createMailTokens(config.secrets))
  t.match(await letters.write(newer), { dropped: 'nobody has this address' })
  t.match(await letters.write(older), { dropped: /^replaced/ })
})

test('of mails to confirm an address, an older one that is written after a newer one has no link either', async (t) => {
  const ann = await signUp()
  const [recipient, language, address, user_agent] = [ann.email, 'en', '192.0.2.1', null]
  for (const kind of ['verify', 'sign-up'] as const) {
    for (const byte of [1, 2])
      await outbox.insert({
        ...{ kind, recipient, language, address, user_agent, user_id: ann.id },
        seed: Buffer.from(`${kind} ${byte}`)
      })
    const [older, newer] = [...(await outbox.claim(60, 1)), ...(await outbox.claim(60, 1))] as [
      ClaimedMail,
      ClaimedMail
    ]
    const letters = createLetters(app.db, settings, createMailTokens(config.secrets))
    t.match(await letters.write(newer), { to: recipient })
    t.match(await letters.write(older), { dropped: /^replaced/ })
  }
})

test('of three senders and forty mails, each mail is sent by one of them', async (t) => {
  const recipients = await Promise.all(Array.from({ length: 40 }, () => write()))
  const senders = [startSender(), startSender(), startSender()]
  await Promise.all(senders.map(({ run }) => run()))
  t.strictSame(senders.flatMap(({ sent }) => sent.map(({ to }) => to)).sort(), recipients.sort())
})

test('a temporary refusal is repeated with growing delays, for a day, and then the mail is dead', async (t) => {
  await write()
  const { dead, run, lines } = startSender({
    send: async () => {
      throw refusal(451)
    }
  })
  for (const expected of [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]) {
    await run()
    const { delay } = await app.db
      .selectFrom('mails')
      .select(sql<number>`extract(epoch from next_at - now())::float8`.as('delay'))
      .executeTakeFirstOrThrow()
    // Some of it has passed already.
    t.ok(delay <= expected && delay > expected - 7.5, `${delay} of ${expected} s`)
    await app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).execute()
  }
  t.match(await rows(), [{ done_at: null, attempts: 12, error: '451 for ann@example.com' }])
  t.strictSame(dead, [])
  await app.db.updateTable('mails').set({ created_at: sql<string>`now() - interval '23 hours 1 minute'` }).execute()
  await run()
  t.match(await rows(), [{ outcome: 'dead', attempts: 13 }])
  t.match(dead, [{ address: '192.0.2.1' }])
  t.match(lines.at(-1), { msg: 'mail not sent', dead: true, attempts: 13, reason: '451 for ann@example.com' })
})

test('an address or a content that is refused for good is dead at once, and delays no other mail', async (t) => {
  const bad = [await write(), await write()]
  const good = [await write(), await write(), await write()]
  const { sent, dead, run, lines } = startSender({
    send: async ({ to }) => {
      if (bad.includes(to))
        throw Object.assign(refusal(550, to === bad[0] ? 'RCPT TO' : 'DATA'), { message: `no ${to}` })
    }
  })
  await run()
  t.strictSame(sent.map(({ to }) => to).sort(), good.sort())
  t.strictSame(dead.map(({ recipient }) => recipient).sort(), bad.sort())
  t.ok(
    lines.every(({ reason }) => reason === 'no <recipient>'),
    'the log names nobody'
  )
})

test('a refusal of the sender or the password is temporary, for it concerns all mails', async (t) => {
  await write()
  const { dead, run } = startSender({
    send: async () => {
      throw refusal(550, 'MAIL FROM')
    }
  })
  await run()
  t.match(await rows(), [{ done_at: null, attempts: 1 }])
  t.strictSame(dead, [])
})

test('while one recipient blocks, all others get their mail', async (t) => {
  const slow = await write()
  const { promise, resolve } = Promise.withResolvers<void>()
  const { sent, sender } = startSender({ send: async ({ to }) => (to === slow ? promise : undefined) })
  sender.wake()
  for (let i = 0; i < 30; i++) await write()
  sender.wake()
  await until('all others', () => sent.length === 30)
  resolve()
  await sender.idle()
  t.equal(sent.length, 31)
})

test('a mail server without answers is tried again after a pause of one second, then of two', async (t) => {
  let now = 0
  let up = false
  for (let i = 0; i < 3 * lanes; i++) await write()
  const { sent, run, sender } = startSender({
    parts: { elapsed: () => now },
    send: async () => {
      if (!up) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ESOCKET' })
    }
  })
  const tried = async () => (await rows()).filter(({ attempts }) => attempts > 0).length
  await run()
  t.ok((await tried()) < 2 * lanes, 'not every mail is tried')
  now += 999
  const before = await tried()
  await run()
  t.equal(await tried(), before, 'it rests for a second')
  now += 1
  await run()
  now += 1_999
  const second = await tried()
  await run()
  t.equal(await tried(), second, 'then for two')
  up = true
  now += 1
  await app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).execute()
  await run()
  t.equal(sent.length, 3 * lanes)
  await sender.stop()
})

test('failures without an answer do not add up while the server answers between them', async (t) => {
  let outcome: Error | undefined
  const { sent, run } = startSender({
    parts: { elapsed: () => 0 },
    send: async () => {
      if (outcome) throw outcome
    }
  })
  const attempt = async (error?: Error) => {
    await write()
    outcome = error
    await run()
  }
  for (let i = 1; i < lanes; i++) await attempt(new Error('closed'))
  await attempt(refusal(450))
  await attempt(new Error('closed'))
  await attempt()
  t.equal(sent.length, 1, 'it does not rest')
})

test('the pause of a server without answers ends by itself', async (t) => {
  for (let i = 0; i < lanes; i++) await write()
  let now = 0
  let up = false
  const { sent, run } = startSender({
    parts: { elapsed: () => now },
    send: async () => {
      if (!up) throw new Error('closed')
    }
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  await run()
  up = true
  now += 1_000
  await app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).execute()
  mock.timers.tick(1_000)
  await until('the mails', () => sent.length === lanes)
  t.equal((await rows()).length, lanes)
})

test('the mail of a process that died is sent after its lease, with the same id', async (t) => {
  await write()
  const [claimed] = await outbox.claim(300, 1)
  const { sent, run } = startSender()
  await run()
  t.strictSame(sent, [], 'another process may be sending it')
  await app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).execute()
  await run()
  t.match(sent, [{ id: claimed?.id }])
})

test('the only process of a database releases at its start the mails that it had claimed when it was killed', async (t) => {
  const [recipient, postponed] = [await write(), await write()]
  const [killed, failed] = await outbox.claim(300, 2)
  for (const mail of [killed, failed])
    if (mail?.recipient === postponed) await outbox.postpone(mail.id, 300, '451 later')
  const { sent, run } = startSender({ parts: { isAlone: true } })
  await run()
  t.match(sent, [{ to: recipient }], 'not what waits for its repetition')
  await write()
  await outbox.claim(300, 1)
  await run()
  t.equal(sent.length, 1, 'only before its first claim')
  t.match(await rows(), [{ attempts: 2, outcome: 'sent' }, { attempts: 1, done_at: null }, { attempts: 1 }])
})

test('if the database fails at the start, claimed mails are released in the next run, not retried in a loop', async (t) => {
  await write()
  await outbox.claim(300, 1)
  let tries = 0
  const giveBack: typeof outbox.giveBack = async () => {
    tries += 1
    // Ends where it would be repeated without end.
    if (isDown && tries < 50) throw new Error('no database')
    return outbox.giveBack()
  }
  let isDown = true
  const { sent, run } = startSender({ parts: { isAlone: true, outbox: { ...outbox, giveBack } } })
  await run()
  t.equal(tries, 1)
  isDown = false
  await run()
  t.equal(sent.length, 1)
})

for (const [when, minutes, most] of [
  ['beside other requests', 0, 1],
  ['beside other requests, if they have waited for minutes,', 3, 4]
] as const)
  test(`the sender claims eight mails at once, and ${when} ${most}, with a pause between two claims`, async (t) => {
    for (let i = 0; i < 2 * lanes + 5; i++) await write()
    const created_at = sql<string>`created_at - ${`${minutes} minutes`}::interval`
    await app.db.updateTable('mails').set({ created_at }).execute()
    let now = 0
    let inFlight = 0
    const claims: { max: number; at: number }[] = []
    const server = new EventEmitter()
    const { sender, sent, run } = startSender({
      parts: {
        elapsed: () => now,
        async pause(milliseconds) {
          now += milliseconds
          await until('the mails in flight', () => inFlight === 0)
          await new Promise(setImmediate)
        },
        outbox: {
          ...outbox,
          async claim(lease, max) {
            claims.push({ max, at: now })
            // From the second claim on, as many in a second as a busy service has.
            if (claims.length === 2) for (let i = 0; i < 5; i++) server.emit('request')
            const claimed = await outbox.claim(lease, max)
            inFlight += claimed.length
            return claimed
          },
          async finish(mails) {
            await outbox.finish(mails)
            inFlight -= mails.length
          }
        }
      }
    })
    sender.giveWayTo(server)
    await run()
    t.equal(sent.length, 2 * lanes + 5)
    const [first, second, ...others] = claims as [(typeof claims)[0], (typeof claims)[0], ...typeof claims]
    t.equal(first.max, lanes)
    t.ok(second.at - first.at >= 20)
    let before = second.at
    for (const { max, at } of others) {
      t.ok(max === most && at - before >= 50, `${max} after ${at - before} ms`)
      before = at
    }
    t.ok(others.length > 0)
    t.equal(server.listenerCount('request'), 0, 'it costs nothing afterwards')
  })

test('while slow mails leave one lane free, others are claimed after an eighth of the pause', async (t) => {
  const slow: string[] = []
  while (slow.length < lanes - 1) slow.push(await write())
  for (let i = 0; i < 4; i++) await write()
  const { promise, resolve } = Promise.withResolvers<void>()
  const waits: number[] = []
  const { sender, sent } = startSender({
    parts: { elapsed: () => 0, pause: async (milliseconds) => waits.push(milliseconds) },
    send: async ({ to }) => (slow.includes(to) ? promise : undefined)
  })
  sender.wake()
  await until('the others', () => waits.length === 4)
  t.strictSame(waits, [20, 2.5, 2.5, 2.5])
  resolve()
  await sender.idle()
  t.equal(sent.length, lanes + 3)
})

test('without the database the sender logs an error, and continues later', async (t) => {
  await write()
  let fails = true
  const { sent, run, lines } = startSender({
    parts: {
      outbox: {
        ...outbox,
        claim: async (...given) => {
          if (fails) throw new Error('no database')
          return outbox.claim(...given)
        }
      }
    }
  })
  await run()
  t.match(lines, [{ msg: 'the outbox is unavailable' }])
  fails = false
  await run()
  t.equal(sent.length, 1)
})

test('a mail that is written while a claim fails is claimed at once', async (t) => {
  let claims = 0
  const { sent, run, sender } = startSender({
    parts: {
      outbox: {
        ...outbox,
        async claim(...given) {
          claims += 1
          if (claims > 1) return outbox.claim(...given)
          await write()
          sender.wake()
          throw new Error('no database')
        }
      }
    }
  })
  await run()
  t.equal(sent.length, 1)
})

test('a mail that is written while the last claim finds nothing is sent at once', async (t) => {
  let claims = 0
  const { sent, run, sender } = startSender({
    parts: {
      outbox: {
        ...outbox,
        async claim(...given) {
          claims += 1
          const found = await outbox.claim(...given)
          if (claims === 1) {
            await write()
            for (let i = 0; i < lanes; i++) sender.wake()
          }
          return found
        }
      }
    }
  })
  await run()
  t.equal(sent.length, 1)
})

test('the sender looks for new mails after a random part of a second, once for several commits', async (t) => {
  const delays: number[] = []
  let due = () => {}
  const { sender, sent } = startSender({
    parts: {
      maxDelay: 1_000,
      random: () => 0.25,
      pause: (milliseconds) => {
        delays.push(milliseconds)
        return new Promise<void>((resolve) => {
          due = resolve
        })
      }
    }
  })
  await write()
  sender.wake()
  sender.wake()
  t.strictSame(delays, [250])
  t.strictSame(await rows().then((all) => all.map(({ attempts }) => attempts)), [0], 'nothing is claimed before')
  const idle = sender.idle()
  due()
  await idle
  t.equal(sent.length, 1)
  await write()
  sender.wake()
  t.equal(delays.length, 2, 'a later commit waits for a moment of its own')
  await sender.stop()
  due()
  await sender.idle()
  t.equal(sent.length, 1, 'nothing is sent after the stop')
})

test('a sender that stops finishes the mails in flight, and claims no more', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  await write()
  const { sender, sent, run, closed } = startSender({ send: () => promise })
  sender.start()
  sender.start()
  await until('a claim', async () => (await rows())[0]?.attempts === 1)
  const stopping = sender.stop()
  resolve()
  await stopping
  t.strictSame([sent.length, closed()], [1, 1])
  await write()
  await run()
  t.equal((await rows()).at(-1)?.attempts, 0)
})

test('a sender that stops does not wait forever for a mail server', async (t) => {
  await write()
  let sending = false
  const { sender, closed } = startSender({
    send() {
      sending = true
      return new Promise(() => {})
    }
  })
  sender.wake()
  await until('a mail in flight', () => sending)
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const stopping = sender.stop()
  mock.timers.tick(5_000)
  await stopping
  t.equal(closed(), 1)
})

test('a sender that never sent anything stops, and one whose transport fails', async (t) => {
  const { sender } = startSender()
  await sender.stop()
  await write()
  const broken = startSender({ parts: { transport: () => Promise.reject(new Error('no transport')) } })
  await broken.run()
  t.match(await rows(), [{ done_at: null, error: 'no transport' }])
  await broken.sender.stop()
})

test('the sender looks for mails at intervals, until it is stopped', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { sender, sent } = startSender()
  sender.start()
  await sender.idle()
  await write()
  mock.timers.tick(10_000)
  await until('the mail', () => sent.length === 1)
  await sender.stop()
  await write()
  mock.timers.tick(10_000)
  await sender.idle()
  t.equal(sent.length, 1)
})

test('mails that cannot be written, as those of a newer release, neither stop the others nor look like a dead server', async (t) => {
  for (let i = 0; i < 3 * lanes; i++) await write()
  await app.db.updateTable('mails').set({ kind: 'of a newer release' }).execute()
  const good = await write()
  const { sent, dead, run } = startSender()
  await run()
  t.match(sent, [{ to: good }], 'in the same run')
  t.strictSame(dead, [])
  const others = (await rows()).filter(({ recipient }) => recipient !== good)
  t.ok(others.every(({ done_at, attempts }) => done_at === null && attempts === 1))
})
