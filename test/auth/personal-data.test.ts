import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { sealEvents } from '../../src/audit/sealing.ts'
import { verify } from '../../src/audit/verifying.ts'
import { documentStream, personalDocument } from '../../src/auth/personal-export.ts'
import { tasks } from '../../src/product/tasks.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import {
  type PersonalUser,
  personalDataRepository,
  type SectionName,
  sections
} from '../../src/repositories/personal-data.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { codeAt } from '../helpers/factors.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { personalTokensOf } from '../helpers/personal-tokens.ts'
import { until } from '../helpers/wait.ts'

const clock = { now: Date.now() }
const { app, signUp, anyone, lettersTo } = await startApp(t, { clock: () => clock.now })
const { db } = app
const agent = 'Kwyjibo/7 (unmistakable)'
const from = { remoteAddress: '203.0.113.77', headers: { 'user-agent': agent } }

interface Column {
  table: string
  column: string
  type: string
}
const columnsOfSchema = async (): Promise<Column[]> =>
  (
    await sql<Column>`
      select table_name as "table", column_name as "column", data_type as type from information_schema.columns
      where table_schema = 'public' and table_name not like 'kysely%' order by 1, 2`.execute(db)
  ).rows

/** The columns of all tables with a row that has one of these texts, whatever its case, also inside of bytes. */
async function columnsWith(texts: string[]): Promise<string[]> {
  const found: string[] = []
  for (const { table, column, type } of await columnsOfSchema()) {
    const text = type === 'bytea' ? sql`encode(${sql.ref(column)}, 'escape')` : sql`${sql.ref(column)}::text`
    const { rows } = await sql`select 1 from ${sql.table(table)}, unnest(${texts}::text[]) as given
      where strpos(lower(${text}), lower(given)) > 0 limit 1`.execute(db)
    if (rows.length > 0) found.push(`${table}.${column}`)
  }
  return found
}

test('when an admin is deleted, their address and user agent are erased, also from events that are not sealed yet', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const event = { event: 'sessions.ended', actor: 'admin', actor_id: ann.id, user_id: ben.id, reason: null } as const
  const erased = await db.transaction().execute(async (trx) => {
    await securityEventsRepository(trx).insert({ ...event, address: from.remoteAddress, user_agent: agent })
    await auditEventsRepository(trx).eraseUser(ann.id)
    const rows = trx.selectFrom('security_events').select(['address', 'user_agent', 'position'])
    return await rows.where('actor_id', '=', ann.id).execute()
  })
  t.strictSame(erased, [{ address: null, user_agent: null, position: null }])
})

/** A user with a row in every table, as far as a user can cause one. */
async function busyUser() {
  const email = `quincey-${crypto.randomUUID()}@example.com`
  const next = `harker-${crypto.randomUUID()}@example.com`
  const name = 'Zebulon Featherstonehaugh'
  const first = (await anyone.post('/api/auth/register', { email, name, password }, from)).json()
  const user = caller(app, first.access_token)
  const id: string = first.user.id
  for (const [key, title] of Object.entries({ 'key-of-first': 'Water the plants', 'key-of-second': 'Feed the cat' }))
    await user.post('/api/tasks', { title, description: `For ${name}` }, { headers: { 'idempotency-key': key } })
  await anyone.post('/api/auth/login', { email, password: 'wrong-horse-7' }, from)
  await anyone.post('/api/auth/password/forgot', { email }, from)
  await lettersTo(email)
  await anyone.post('/api/auth/password/forgot', { email }, from)
  await user.post('/api/auth/email/change', { email: next }, from)
  await lettersTo(next)
  const { secret } = (await user.post('/api/auth/factors/totp', undefined, from)).json()
  clock.now += 30_000
  await user.post('/api/auth/factors/totp/confirm', { code: codeAt(secret, clock.now) }, from)
  await anyone.post('/api/auth/login', { email, password }, from)
  await db
    .insertInto('passkeys')
    .values({
      ...{
        id: crypto.randomUUID(),
        user_id: id,
        credential_id: 'bVpr',
        public_key: Buffer.from('hush'),
        sign_count: 0
      },
      ...{ transports: ['internal'], backup_eligible: true, backed_up: true, name: `Phone of ${name}` }
    })
    .execute()
  await personalTokensOf(app, () => from).make(user, { name: `Script of ${name}` })
  await db.insertInto('sign_ups').values({ mail_id: crypto.randomUUID(), email, name, password_hash: 'hush' }).execute()
  return { ...user, id, email, next, name, secret: secret as string }
}

type Busy = Awaited<ReturnType<typeof busyUser>>

const texts = ({ id, email, next, name }: Busy) => [id, email, next, name, from.remoteAddress, agent]

async function remove({ post, secret }: Busy) {
  clock.now += 30_000
  const steppedUp = (await post('/api/auth/step-up', { code: codeAt(secret, clock.now) }, from)).json().access_token
  return caller(app, steppedUp).post('/api/auth/profile/delete', { password }, from)
}

/** Pseudonyms that remain: the chain of events, which nothing relates to a person any more. */
const pseudonyms = ['security_events.user_id']

test('after a deletion no column of any table has the id, the addresses or the name of the user', async (t) => {
  const quincey = await busyUser()
  const before = await columnsWith(texts(quincey))
  for (const column of [
    ...[
      'users.email',
      'users.name',
      'sessions.ip',
      'sessions.user_agent',
      'security_events.address',
      'mails.recipient'
    ],
    ...[
      'mail_tokens.email',
      'email_changes.new_email',
      'sign_ups.email',
      'passkeys.name',
      'personal_tokens.name',
      'tasks.description'
    ],
    ...['idempotency_keys.user_id', 'totp_factors.user_id', 'recovery_codes.user_id', 'login_challenges.user_id']
  ])
    t.ok(before.includes(column), `the user has a ${column}`)
  await sealEvents(db)
  t.equal((await remove(quincey)).statusCode, 204)
  await sealEvents(db)
  await until('all events to be sealed', async () => {
    await sealEvents(db)
    const { rows } = await sql`select 1 from security_events where position is null`.execute(db)
    return rows.length === 0
  })
  t.strictSame(await columnsWith(texts(quincey)), pseudonyms)
  t.equal((await verify(db)).broken, undefined, 'the chain of events still verifies')
})

test('after a deletion nothing has an address that the user had before', async (t) => {
  const ann = await signUp()
  await anyone.post('/api/auth/password/forgot', { email: ann.email })
  await lettersTo(ann.email)
  const next = `${crypto.randomUUID()}@example.com`
  await ann.post('/api/auth/email/change', { email: next })
  const token = tokenOf((await lettersTo(next)).at(-1))
  t.equal((await anyone.post('/api/auth/email/confirm', { token })).statusCode, 200)
  const before = await columnsWith([ann.email])
  for (const column of ['mails.recipient', 'mail_tokens.subject']) t.ok(before.includes(column), column)
  t.equal((await ann.post('/api/auth/profile/delete', { password })).statusCode, 204)
  t.strictSame(await columnsWith([ann.email]), [])
})

test('a deletion keeps mails and tokens of another user whose address the deleted user had asked to change to', async (t) => {
  const [quincey, mina] = [await busyUser(), await signUp()]
  await lettersTo(mina.email)
  await quincey.post('/api/auth/email/change', { email: mina.email }, from)
  await anyone.post('/api/auth/password/forgot', { email: mina.email })
  await lettersTo(mina.email)
  const tokens = () => db.selectFrom('mail_tokens').select('subject').where('subject', '=', mina.email).execute()
  const mails = () =>
    db.selectFrom('mails').select('id').where('recipient', '=', mina.email).where('kind', '=', 'reset').execute()
  const had = [(await tokens()).length, (await mails()).length]
  t.ok(had.every((count) => count > 0))
  t.equal((await remove(quincey)).statusCode, 204)
  t.strictSame([(await tokens()).length, (await mails()).length], had)
})

test('the export has every table and column that belongs to a user, except secrets', async (t) => {
  const withheld = {
    sessions: ['user_id', 'refresh_hash', 'previous_hash', 'sealed_successor', 'rotated_at', 'access_expires_at'],
    passkeys: ['user_id', 'public_key', 'sign_count'],
    personal_tokens: ['user_id', 'hash'],
    totp_factors: ['user_id', 'secret', 'last_step'],
    recovery_codes: ['user_id', 'hash'],
    login_challenges: ['user_id', 'hash'],
    email_changes: ['user_id', 'id'],
    mails: ['user_id', 'id', 'change_id', 'seed', 'next_at', 'attempts'],
    mail_tokens: ['user_id', 'subject', 'mail_id', 'hash', 'code_hash'],
    idempotency_keys: ['user_id', 'fingerprint']
  } satisfies Record<SectionName, string[]>
  const elsewhere = ['security_events', 'sign_ins', 'tasks', 'task_usage']
  const all = await columnsOfSchema()
  const owned = new Set(all.filter(({ column }) => column === 'user_id').map(({ table }) => table))
  t.strictSame([...owned].sort(), [...elsewhere, ...Object.keys(sections)].sort())
  for (const [name, { columns }] of Object.entries(sections)) {
    const expected = all.filter(({ table }) => table === name).map(({ column }) => column)
    t.strictSame([...columns, ...withheld[name as SectionName]].sort(), expected.sort(), name)
  }
  const ann = await signUp()
  const user = await personalDataRepository(db).user(ann.id)
  const users = all.filter(({ table, column }) => table === 'users' && column !== 'password_hash')
  t.strictSame(Object.keys(user ?? {}).sort(), [...users.map(({ column }) => column), 'last_sign_in_at'].sort())
})

test('a user downloads all their data as one JSON document, without secrets', async (t) => {
  const quincey = await busyUser()
  const ben = await signUp()
  await ben.post('/api/tasks', { title: 'Of somebody else' })
  clock.now += 30_000
  const { access_token } = (await quincey.post('/api/auth/step-up', { code: codeAt(quincey.secret, clock.now) })).json()
  const answer = await caller(app, access_token).get('/api/auth/profile/export')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, {
    'content-type': 'application/json; charset=utf-8',
    'content-disposition': 'attachment; filename="gatehouse.json"'
  })
  const data = answer.json()
  t.match(data, {
    exported_at: /^\d{4}-.*Z$/,
    user: { id: quincey.id, email: quincey.email, name: quincey.name, issuer: null },
    passkeys: [{ name: `Phone of ${quincey.name}`, transports: ['internal'] }],
    personal_tokens: [{ name: `Script of ${quincey.name}`, scopes: ['tasks:read', 'tasks:write'], last_used_at: null }],
    totp_factors: [{ expires_at: null }],
    recovery_codes: 10,
    email_changes: [{ new_email: quincey.next }],
    idempotency_keys: [{ key: 'key-of-first' }, { key: 'key-of-second' }],
    tasks: [{ title: 'Water the plants' }, { title: 'Feed the cat' }]
  })
  t.ok(data.mails.length >= 3 && data.mail_tokens.length > 0 && data.sessions.length > 0)
  const events = data.security_events.map(({ event }: { event: string }) => event)
  t.equal(events[0], 'register')
  t.equal(events.at(-1), 'account.exported')
  t.match(data.security_events[0], { address: from.remoteAddress, user_agent: agent, actor: 'user' })
  const { password_hash } = await db
    .selectFrom('users')
    .select('password_hash')
    .where('id', '=', quincey.id)
    .executeTakeFirstOrThrow()
  for (const secret of [password_hash, quincey.secret, '"hash"', '"seed"', 'Of somebody else', ben.id])
    t.notOk(answer.body.includes(String(secret)), `${secret}`)
})

test('a document of many pages has every task once', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title) select gen_random_uuid(), ${ann.id}, 'task ' || i
    from generate_series(1, 1250) as i`.execute(db)
  await sql`insert into security_events (id, event, user_id, actor, address, user_agent, reason)
    select gen_random_uuid(), 'login', ${ann.id}, 'command', 'operator', 'command line of root', 'ticket 7'
    from generate_series(1, 1000)`.execute(db)
  await sql`insert into idempotency_keys (user_id, key, fingerprint, resource_id)
    select ${ann.id}, 'key ' || i, '', gen_random_uuid() from generate_series(1, 1000) as i`.execute(db)
  const answer = await ann.get('/api/auth/profile/export')
  const data = answer.json()
  t.equal(new Set(data.tasks.map(({ title }: { title: string }) => title)).size, 1250)
  t.equal(data.tasks.length, 1250)
  t.equal(data.idempotency_keys.length, 1000)
  t.equal(data.security_events.length, 1002)
  t.notOk(answer.body.includes('command line of root'), 'nobody learns the system accounts of operators')
  t.match(data.security_events[5].reason, 'ticket 7')
})

test('pages have fewer rows where the rows are long, and more where they are short', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title, description)
    select gen_random_uuid(), ${ann.id}, 'task ' || i, repeat('x', 8192) from generate_series(1, 100) as i`.execute(db)
  const sizes = async (column: string) => {
    const found: number[] = []
    const owned = { columns: [column], by: ['id', 'uuid'] } as const
    for await (const rows of personalDataRepository(db).rowsOf('tasks', owned, ann.id)) found.push(rows.length)
    return found
  }
  t.strictSame(await sizes('description'), [50, 32, 18], '256 KiB in a page')
  t.strictSame(await sizes('title'), [50, 50], 'up to twice as many as in the page before')
})

test('a download of personal data eleven minutes after the login requires a step-up', async (t) => {
  const ann = await signUp()
  clock.now += 11 * 60_000
  t.match((await ann.get('/api/auth/profile/export')).json(), { status: 401, code: 'step_up_required' })
})

test("another issuer's user downloads everything with a token that was issued within five minutes", async (t) => {
  const issued = (age: number) => {
    const iat = Math.floor(clock.now / 1000) - age
    return caller(app, bridgeToken({ sub: 'fay', email: 'fay@example.com', iat, exp: iat + 900, auth_time: iat }))
  }
  await issued(0).post('/api/tasks', { title: 'Of Fay' })
  for (const age of [302, 800]) {
    const refused = await issued(age).get('/api/auth/profile/export')
    t.match(refused.json(), { status: 401, code: 'step_up_required', detail: /^Get a new token from / })
    t.match(refused.headers['www-authenticate'], /error="insufficient_user_authentication", max_age=300$/)
  }
  const answer = await issued(298).get('/api/auth/profile/export')
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { user: { subject: 'fay', email: 'fay@example.com' }, tasks: [{ title: 'Of Fay' }] })
  t.equal(answer.json().tasks.length, 1)
  t.equal((await issued(-30).get('/api/auth/profile/export')).statusCode, 200, 'a clock that is fast')
  const own = await signUp()
  clock.now += 4 * 60_000
  t.equal((await own.get('/api/auth/profile/export')).statusCode, 200, 'users of ours have ten minutes')
})

test('a user has one download at a time, and one that ends early makes room for the next', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title, description) select gen_random_uuid(), ${ann.id}, 'task ' || i, repeat('x', 9000)
    from generate_series(1, 3000) as i`.execute(db)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  // Not fetch, which opens connections in advance, whose end the service awaits when it closes.
  async function download(): Promise<IncomingMessage> {
    const headers = { authorization: `Bearer ${ann.token}` }
    const [answer] = await once(get(`${origin}/api/auth/profile/export`, { headers, agent: false }), 'response')
    return answer
  }
  const slow = await download()
  t.equal(slow.statusCode, 200)
  const second = await download()
  t.equal(second.statusCode, 429)
  t.match(await json(second), { code: 'too_many_requests' })
  slow.destroy()
  await until('the next download to begin', async () => {
    const next = await download()
    next.destroy()
    return next.statusCode === 200
  })
  t.equal((await ann.get('/api/tasks')).statusCode, 200)
})

test('a document is written in small pieces, so that a slow reader is not taken for one who does not read', async (t) => {
  const texts = ['{"a":', JSON.stringify('ä€'.repeat(100_000)), '', '}']
  async function* document() {
    yield* texts
  }
  let ends = 0
  const pieces: Buffer[] = []
  const stream = documentStream(document(), () => {
    ends += 1
  })
  stream.on('data', (piece) => pieces.push(piece))
  await once(stream, 'end')
  t.ok(pieces.every(({ length }) => length <= 64 * 1024))
  t.equal(Buffer.concat(pieces).toString(), texts.join(''))
  t.equal(ends, 1, 'before the reader is told of the end')
})

test('a reader who does not read stops the queries, and one who hangs up ends them', async (t) => {
  let pages = 0
  async function* endless() {
    for (;;) {
      pages += 1
      yield 'x'.repeat(100_000)
      await turn()
    }
  }
  let ends = 0
  const stream = documentStream(endless(), () => {
    ends += 1
  })
  stream.read()
  await until('it to wait for the reader', async () => {
    const before = pages
    for (let i = 0; i < 50; i++) await turn()
    return pages === before
  })
  t.ok(pages <= 3, `${pages} pages`)
  stream.destroy()
  await once(stream, 'close')
  t.equal(ends, 1)
  t.ok(pages <= 3)
  const unread = documentStream(endless(), () => {
    ends += 1
  })
  unread.destroy()
  await once(unread, 'close')
  t.equal(ends, 2, 'also before it was read')
})

test('an error in the middle of a document breaks the download off', async (t) => {
  const ann = await signUp()
  const outage = Object.assign(new Error('sabotage'), { code: 'ECONNREFUSED' })
  const executor = db.getExecutor()
  const execute = executor.executeQuery.bind(executor)
  t.capture(executor, 'executeQuery', (...args: Parameters<typeof execute>) =>
    args[0].sql.includes('"mail_tokens"') ? Promise.reject(outage) : execute(...args)
  )
  const origin = app.listeningOrigin || (await app.listen({ host: '127.0.0.1', port: 0 }))
  const answer = await fetch(`${origin}/api/auth/profile/export`, { headers: { authorization: `Bearer ${ann.token}` } })
  t.equal(answer.status, 200)
  await t.rejects(answer.text(), 'no reader takes a part for the whole')
})

test('a deletion in the middle of a download leaves a document that is complete JSON', async (t) => {
  const ann = await signUp()
  await sql`insert into tasks (id, user_id, title, description) select gen_random_uuid(), ${ann.id}, 'task ' || i, repeat('x', 9000)
    from generate_series(1, 2000) as i`.execute(db)
  const user = await personalDataRepository(db).user(ann.id)
  let text = ''
  for await (const part of personalDocument(db, user as PersonalUser, clock.now, tasks.personalData)) {
    if (text.includes('"task 1"') === false && text.includes('"tasks":['))
      await db.deleteFrom('users').where('id', '=', ann.id).execute()
    text += part
  }
  t.equal(JSON.parse(text).user.id, ann.id)
  t.ok(JSON.parse(text).tasks.length < 2000)
})

test('a download answers 503 if the database fails, and 401 or 404 if the user was deleted meanwhile', async (t) => {
  const ann = await signUp()
  const outage = Object.assign(new Error('sabotage'), { code: 'ECONNREFUSED' })
  const executor = db.getExecutor()
  const execute = executor.executeQuery.bind(executor)
  const broken = t.capture(executor, 'executeQuery', (...args: Parameters<typeof execute>) =>
    args[0].sql.includes('disabled_reason') ? Promise.reject(outage) : execute(...args)
  )
  t.equal((await ann.get('/api/auth/profile/export')).statusCode, 503)
  broken.restore()
  t.equal((await ann.get('/api/auth/profile/export')).statusCode, 200, 'the one that failed does not count')
  await db.deleteFrom('users').where('id', '=', ann.id).execute()
  // 401: PostgreSQL has announced the deletion already.
  t.ok([401, 404].includes((await ann.get('/api/auth/profile/export')).statusCode))
})
