import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { createSecurityLog } from '../../src/auth/security-log.ts'
import { createCursors } from '../../src/http/cursors.ts'
import { runCommand } from '../../src/operator/command.ts'
import { createOperations } from '../../src/operator/operations.ts'
import { createOperatorLog } from '../../src/operator/operator-log.ts'
import { tasks } from '../../src/product/tasks.ts'
import { securityEventsRepository } from '../../src/repositories/security-events.ts'
import { password, startApp } from '../helpers/app.ts'
import { refused } from '../helpers/refused.ts'

const { app, config, lines, signUp, anyone, lettersTo } = await startApp(t)
const securityLog = createSecurityLog(securityEventsRepository(app.db), app.log)
const operations = createOperations(app.db, {
  lives: config,
  revocations: app.revocations,
  mail: app.mail,
  record: createOperatorLog(securityLog, app.log),
  log: app.log,
  product: tasks,
  clock: Date.now
})

interface Given {
  answers?: string[]
  files?: Record<string, string>
  isInteractive?: boolean
  /** Replaces some operations. */
  other?: Partial<typeof operations>
  /** After so many texts on standard output, its reader has left. */
  reads?: number
  /** After so many users, somebody pressed Ctrl+C. */
  interruptedAfter?: number
}

/** Runs a command line. Somebody gives the answers; without any, nobody can be asked. */
async function run(
  args: string[],
  {
    answers = [],
    files = {},
    other = {},
    isInteractive = answers.length > 0,
    reads = Number.POSITIVE_INFINITY,
    interruptedAfter = Number.POSITIVE_INFINITY
  }: Given = {}
) {
  let written = 0
  const said = { out: '', err: '' }
  const asked: string[] = []
  let isOpen = false
  const code = await runCommand(
    args,
    {
      out: (more) => {
        written += 1
        said.out += more
      },
      isOpen: () => written < reads,
      err: (more) => {
        said.err += more
      },
      pipe: async (document) => {
        said.out += await text(document)
      },
      isInteractive,
      ask: async (question) => {
        asked.push(question)
        return answers.shift() ?? ''
      },
      readFile: async (path) => files[path] ?? Promise.reject(new Error(`no file ${path}`)),
      watchSignals() {
        let asked = 0
        return () => (asked++ < interruptedAfter ? undefined : 130)
      }
    },
    async () => {
      isOpen = true
      return {
        operations: { ...operations, ...other },
        cursors: createCursors(config.secrets),
        name: 'olga',
        close: async () => {
          isOpen = false
        }
      }
    }
  )
  t.notOk(isOpen, 'what was opened is closed')
  return { code, ...said, asked }
}
const why = ['--reason', 'Ticket 7']
const isActive = async ({ id }: { id: string }) =>
  (await app.db.selectFrom('users').select('is_active').where('id', '=', id).executeTakeFirst())?.is_active

test('wrong arguments are explained, with the usage, and open nothing', async (t) => {
  const wrong: [string[], RegExp][] = [
    [[], /Say what to do/],
    [['ban', 'ann@example.com'], /There is no ban/],
    [['show'], /Say which user/],
    [['disable', ...why], /Say which user, or name a --file/],
    [['disable', 'ann@example.com'], /--reason/],
    [['disable', 'ann@example.com', '--reason', '  '], /--reason/],
    [['disable', 'ann@example.com', '--reason', 'x'.repeat(501)], /--reason/],
    [['disable', 'ann@example.com', 'Ticket', '--reason', 'x'], /What is Ticket/],
    [['role', 'ann@example.com', 'root', ...why], /must be user or admin/],
    [['role', 'ann@example.com', ...why], /must be user or admin/],
    [['export', ...why], /Say which user/],
    [['export', 'ann@example.com'], /--reason/],
    [['find', '--limit', '0'], /--limit/],
    [['find', '--limit', 'x'], /--limit/],
    [['find', '--state', 'gone'], /--state/],
    [['find', '--role', 'root'], /--role/],
    [['find', '--force'], /--force/],
    [['disable', 'ann@example.com', '--from-line', '2', ...why], /--from-line/],
    ...['0', '-1', 'x', '1.5', ''].map((line): [string[], RegExp] => [
      ['disable', '--file', 'list', `--from-line=${line}`, ...why],
      /--from-line must be a line/
    ])
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await run(args)
    t.strictSame([code, out], [2, ''], args.join(' '))
    t.match(err, message)
    t.match(err, 'Usage: npm run users')
  }
})

test('find lists users as text or as JSON, and continues at its cursor', async (t) => {
  for (const name of ['a', 'b', 'c']) await signUp(`${name}@found.example`)
  const first = await run(['find', 'found.example', '--limit', '2'])
  t.match(first, { code: 0, out: /c@found.example[\s\S]*b@found.example/, err: /^2 users; more with --cursor=\S+\n$/ })
  const [, cursor = ''] = /(--cursor=\S+)/.exec(first.err) ?? []
  const second = await run(['find', 'found.example', '--limit', '2', cursor, '--json'])
  t.match(JSON.parse(second.out), { items: [{ email: 'a@found.example' }], next_cursor: null })
  for (const other of [['another text'], ['found.example', '--state', 'active'], ['found.example', '--role', 'user']])
    t.match(await run(['find', ...other, cursor]), { code: 2, err: /cursor/ }, other.join(' '))
  t.match(await run(['find', 'nobody', 'at', 'all']), { code: 0, out: '', err: '0 users\n' })
  t.match(await run(['find', '--role', 'admin']), { code: 0, out: '' })
})

test('many pages are read for a long list', async (t) => {
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'p' || i || '@many.example', 'P', 'none' from generate_series(1, 150) i`.execute(app.db)
  const { items } = JSON.parse((await run(['find', 'many.example', '--limit', '1000', '--json'])).out)
  t.equal(items.length, 150)
})

test('control characters in the name or browser of a user are not printed to the terminal', async (t) => {
  const ann = await signUp()
  await ann.put('/api/auth/profile', { name: 'Ann\u001b[2J\u009b2J\u202e\u{e0001}' })
  // As an earlier release stored it.
  await app.db.updateTable('sessions').set({ user_agent: 'tap\u001b[2J' }).where('user_id', '=', ann.id).execute()
  for (const args of [
    ['find', ann.id],
    ['show', ann.id],
    ['show', ann.id, '--json'],
    ['find', ann.id, '--json']
  ]) {
    const { code, out } = await run(args)
    t.equal(code, 0)
    t.notMatch(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u, args.join(' '))
  }
  t.equal(JSON.parse((await run(['show', ann.id, '--json'])).out).name, 'Ann\u001b[2J\u009b2J\u202e\u{e0001}')
})

test('a user is shown by the email or the id, without secrets', async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'four' })
  for (const user of [ann.email.toUpperCase(), ann.id]) {
    const { code, out } = await run(['show', user])
    t.equal(code, 0)
    t.match(out, /tasks +1\nbytes +4\n[\s\S]*sessions +1\n[\s\S]*register/)
  }
  t.match(JSON.parse((await run(['show', ann.email, '--json'])).out), { id: ann.id, usage: { tasks: 1, bytes: 4 } })
  for (const unknown of ['nobody@example.com', crypto.randomUUID(), 'not an address'])
    t.match(await run(['show', unknown]), { code: 3, out: '', err: 'User not found\n' }, unknown)
  await sql`insert into users (id, issuer, subject, email, name)
    values ('0193aaaa-0000-7000-8000-0000000000fa', 'https://other.example', 'fay', 'fay@other.example', 'Fay')`.execute(
    app.db
  )
  t.match(await run(['show', '0193aaaa-0000-7000-8000-0000000000fa']), { code: 0, out: /last_sign_in_at +-\n/ })
  t.match(await run(['find', 'fay@other']), {
    code: 0,
    out: /not yet +active +user +fay@other.example +Fay +of https:\/\/other/
  })
})

test('an unknown address is shown as -, and a repeated event with its count', async (t) => {
  const ann = await signUp()
  await sql`update sessions set ip = null, user_agent = null where user_id = ${ann.id}`.execute(app.db)
  await sql`insert into totp_factors (user_id, secret) values (${ann.id}, '')`.execute(app.db)
  await sql`insert into security_events (id, event, user_id, times) values (gen_random_uuid(), 'login.failed', ${ann.id}, 40)`.execute(
    app.db
  )
  const { out } = await run(['show', ann.id])
  t.match(out, /T[\d:.]+Z {2}- {2}-\n/)
  await sql`update users set is_active = false where id = ${ann.id}`.execute(app.db)
  t.match((await run(['find', ann.id])).out, /disabled/)
  t.match(out, /second factors +authenticator app, 0 passkeys/)
  t.match(out, /login\.failed \(40\) +-\n/)
})

test('a database error is not reported as a missing user', async (t) => {
  const other = { findId: () => Promise.reject(new Error('The database does not answer')) }
  for (const args of [
    ['show', 'ann@example.com'],
    ['disable', 'ann@example.com', ...why, '--yes']
  ])
    t.match(await run(args, { other }), { code: 1, err: 'The database does not answer\n' })
})

test("a user's data can be exported, and the export is recorded", async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'private' })
  const { code, out } = await run(['export', ann.email, ...why])
  t.equal(code, 0)
  t.match(JSON.parse(out), { user: { id: ann.id }, tasks: [{ title: 'private' }] })
  t.notMatch(out, /password_hash|refresh_hash/)
  t.match(
    lines.findLast(({ msg }) => msg === 'operation'),
    { event: 'account.exported', actor: { name: 'olga' }, subject: ann.id, reason: 'Ticket 7' }
  )
  t.match(await run(['export', 'nobody@example.com', ...why]), { code: 3, out: '' })
  await t.rejects(operations.exportData(crypto.randomUUID(), { actor: { name: 'olga' }, reason: 'x' }), {
    code: 'not_found'
  })
})

test('a command says whom it affects, and acts only after the answer yes', async (t) => {
  const ann = await signUp()
  for (const answer of ['', 'no', 'y'])
    t.match(await run(['disable', ann.email, ...why], { answers: [answer] }), {
      code: 4,
      err: /disables[\s\S]*Nothing was done/
    })
  t.match(await run(['disable', ann.email, ...why]), { code: 4, err: /Repeat it with --yes/ })
  t.equal(await isActive(ann), true)
  t.match(await run(['disable', ann.email, ...why], { answers: ['Yes'] }), {
    code: 0,
    asked: ['Go on? Type yes: '],
    err: new RegExp(
      `This disables, and ends all sessions of, this user:\n  ${ann.email} \\(${ann.id}\\)\n[\\s\\S]*1 done, 0 failed`
    )
  })
  t.equal(await isActive(ann), false)
  refused(t, await ann.get('/api/auth/me'), 'token_revoked', 'at once')
  t.match(
    lines.findLast(({ msg }) => msg === 'operation'),
    {
      ...{ event: 'account.disabled', actor: { name: 'olga' }, subject: ann.id, reason: 'Ticket 7' }
    }
  )
  const { code, asked } = await run(['enable', ann.id, ...why])
  t.strictSame([code, asked], [0, []], 'this destroys nothing')
  t.equal(await isActive(ann), true)
})

test('a command that takes something from a user does nothing where no question can be asked', async (t) => {
  const ann = await signUp()
  for (const [command, ...more] of [
    ['disable'],
    ['end-sessions'],
    ['reset-factors'],
    ['role', 'admin'],
    ['delete']
  ] as const) {
    const answer = await run([command, ann.email, ...more, ...why])
    t.match(answer, { code: 4, err: /Nothing was done: nobody can be asked here/ }, command)
  }
  t.equal((await ann.get('/api/auth/me')).statusCode, 200)
  for (const command of ['send-reset', 'enable']) t.match(await run([command, ann.email, ...why]), { code: 0 }, command)
})

test('each operation changes the account, and answers programs in JSON', async (t) => {
  const ann = await signUp()
  const login = async () => (await anyone.post('/api/auth/login', { email: ann.email, password })).statusCode
  for (const args of [['end-sessions'], ['reset-factors'], ['send-reset']]) {
    const { code, out } = await run([...args, ann.email, ...why, '--yes', '--json'])
    t.strictSame([code, JSON.parse(out)], [0, { id: ann.id, email: ann.email, done: true }], args.join())
  }
  t.match((await lettersTo(ann.email)).at(-1)?.subject, /Reset your/)
  t.match(await run(['role', ann.email, 'admin', ...why, '--yes']), { code: 0, err: /to admin:/ })
  t.match(JSON.parse((await run(['find', '--role', 'admin', '--json'])).out).items, [{ id: ann.id, role: 'admin' }])
  t.equal(
    (await run(['role', ann.email, 'user', ...why, '--yes'])).code,
    0,
    'the last one, too: here another can be made'
  )
  t.equal(await login(), 200)
  const wrong = await run(['delete', ann.email, ...why], { answers: ['yes'] })
  t.match(wrong, { code: 4, asked: ['Type the email to delete the account: '] })
  t.equal(await login(), 200)
  t.equal((await run(['delete', ann.email, ...why], { answers: [ann.email] })).code, 0)
  t.equal(await isActive(ann), undefined)
})

test('many users of a file, with a progress bar; if one is unknown, nothing is done', async (t) => {
  const users = []
  for (let i = 0; i < 12; i++) users.push(await signUp())
  const [ann, ben] = users
  const files = {
    list: users.map(({ email, id }, i) => (i % 2 ? ` ${email}\r` : id)).join('\n\n'),
    wrong: `${ann?.email}\nnobody@example.com\n`,
    '-': `${ann?.id}\n${ben?.email}\n${ann?.email}\n`,
    empty: '\n\n'
  }
  t.match(await run(['disable', '--file', 'wrong', ...why, '--yes'], { files }), {
    code: 3,
    err: 'Nothing was done: a user was not found\n  line 2: nobody@example.com\nDo it to the others with --skip-missing\n'
  })
  t.equal(await isActive({ id: ann?.id ?? '' }), true)
  t.match(await run(['disable', '--file', 'empty', ...why, '--yes'], { files }), { code: 2, err: /names no user/ })
  t.match(await run(['disable', '--file', 'none', ...why, '--yes'], { files }), { code: 1, err: 'no file none\n' })
  const { code, err } = await run(['disable', '--file', 'list', ...why], { files, answers: ['yes'] })
  t.equal(code, 0)
  t.match(err, /these 12 users:\n[\s\S]*and 2 more\n/)
  t.match(err, /\r\[#{15} {15}\] 6\/12\r[\s\S]*\[#{30}\] 12\/12\n/)
  const { out } = await run(['enable', '--file', '-', ...why, '--json'], { files })
  t.strictSame(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    [ann?.id, ben?.id],
    'each once'
  )
  t.match(await run(['delete', '--file', '-', ...why], { files, answers: ['delete 2'] }), { code: 0 })
  t.equal(await isActive({ id: ben?.id ?? '' }), undefined)
})

test('a user for whom the operation fails does not stop the others, and the exit code is 1', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  await run(['disable', ann.email, ...why, '--yes'])
  const files = { list: `${ann.email}\n${ben.email}` }
  t.match(await run(['send-reset', '--file', 'list', ...why], { files }), {
    code: 1,
    err: /The account is disabled\n[\s\S]*1 done, 1 failed/
  })
  const { out } = await run(['send-reset', '--file', 'list', ...why, '--json'], { files })
  t.match(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ done: false, error: /disabled/ }, { done: true }]
  )
})

test('a single user who is not found is named', async (t) => {
  t.match(await run(['disable', 'nobody@example.com', ...why, '--yes']), {
    code: 3,
    err: 'Nothing was done: a user was not found\n  nobody@example.com\n'
  })
})

test('all lines with unknown users are named, or left out on request', async (t) => {
  const users = [await signUp(), await signUp()]
  const [ann, ben] = users
  const unknown = Array.from({ length: 12 }, (_, i) => `nobody${i}@example.com`)
  const files = { list: [ann?.email, ...unknown, '\u001b[2J', ben?.id].join('\n'), wrong: unknown.join('\n') }
  const refused = await run(['disable', '--file', 'list', ...why, '--yes'], { files })
  t.match(refused, { code: 3, out: '', err: /^Nothing was done: 13 users were not found\n {2}line 2: nobody0@/ })
  t.match(refused.err, / {2}line 13: nobody11@example.com\n {2}line 14: \S*\[2J\nDo it/)
  t.notMatch(refused.err, '\u001b')
  const asJson = await run(['disable', '--file', 'list', ...why, '--yes', '--json'], { files })
  const told = asJson.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(told.length, 13)
  t.strictSame(told[0], { line: 2, user: 'nobody0@example.com', done: false, error: 'User not found' })
  t.equal(asJson.err.split('\n').length, 13, 'the first ten')
  t.equal(await isActive({ id: ann?.id ?? '' }), true)

  t.match(await run(['disable', '--file', 'list', ...why, '--yes', '--skip-missing'], { files }), {
    code: 0,
    err: /^Left out: 13 users were not found\n[\s\S]*2 done, 0 failed\n$/
  })
  for (const user of users) t.equal(await isActive(user), false)
  t.match(await run(['disable', '--file', 'wrong', ...why, '--yes', '--skip-missing'], { files }), { code: 3 })
})

test('Ctrl+C ends a long list between two users, and the command says where to go on', async (t) => {
  const users = [await signUp(), await signUp(), await signUp()]
  const [ann, , cid] = users
  const files = { list: `\n${users.map(({ email }) => email).join('\n\n')}\n` }
  const first = await run(['delete', '--file', 'list', ...why, '--yes'], { files, interruptedAfter: 2 })
  t.match(first, {
    code: 130,
    err: /\ndelete: 2 done, 0 failed, 1 not begun: it was interrupted\nGo on with --from-line 6\n$/
  })
  t.equal(await isActive({ id: ann?.id ?? '' }), undefined)
  t.equal(await isActive({ id: cid?.id ?? '' }), true)
  t.match(await run(['delete', '--file', 'list', '--from-line', '6', ...why, '--yes'], { files }), {
    code: 0,
    err: /1 done, 0 failed/
  })
  t.equal(await isActive({ id: cid?.id ?? '' }), undefined)
})

test('when its output is closed, a search ends, but a change of users is completed', async (t) => {
  await sql`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), 'p' || i || '@left.example', 'P', 'none' from generate_series(1, 250) i`.execute(app.db)
  const args = ['find', 'left.example', '--limit', '1000']
  const found = await run(args, { reads: 1 })
  t.match(found, { code: 0, err: '' })
  t.ok(found.out.split('\n').length < 110, 'one page')
  const whole = JSON.parse((await run([...args, '--json'])).out)
  t.strictSame([whole.items.length, whole.next_cursor], [250, null])
  t.strictSame(JSON.parse((await run(['find', 'nobody-at-all', '--json'])).out), { items: [], next_cursor: null })

  const users = [await signUp(), await signUp()]
  const files = { list: users.map(({ email }) => email).join('\n') }
  t.match(await run(['disable', '--file', 'list', ...why, '--yes', '--json'], { files, reads: 1 }), {
    code: 0,
    err: /2 done, 0 failed/
  })
})
