import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'
import { countQueries } from '../helpers/queries.ts'

const { app, signUp, anyone } = await startApp(t)
const good = { email: 'ann@example.com', name: 'Ann', password }

/** Values that are not text. */
const notText: unknown[] = [null, 5, 1e21, -0, true, [], ['a@example.com'], {}, { $ne: '' }, { toString: 'x' }]

/** One per line. */
const lines = (text: string) => text.trim().split(/\n */)

const noEmails = lines(`
  ann
  @
  ann@
  @example.com
  ann@example
  ann@@example.com
  a nn@example.com
  ann@exa mple.com
  ann@-example.com
  ann@example-.com
  ann@example..com
  .ann@example.com
  ann@example.com, eve@example.com
  Ann <ann@example.com>
  "ann"@example.com
  ann@[127.0.0.1]
  ann@exam_ple.com
  ann@localhost
  ünn@example.com
  ann@ex%C3%A4mple.com`)
const controls = [
  'ann@example.com\r\nBcc: eve@example.com',
  'ann@example.com\0',
  'ann\0@example.com',
  '\ud800@example.com'
]
const lookalikes = ['\u212aate@example.com', 'ann@example.com\u200b']
const tooLong = [`${'x'.repeat(65)}@example.com`, `a@${'x'.repeat(64)}.com`, `x@${'yyyy.'.repeat(50)}com`]
const emails = [...notText, '', ' ', ...noEmails, ...controls, ...lookalikes, ...tooLong]
const names = [...notText, '', ' ', '\t\n', '\u00a0', 'x'.repeat(101), 'a\0b', '\ud800', 'a\udfffb']
const weak = ['', 'short-7', 'no-digit-here', 'nospecial77', '12345678', 'correct-horse-7\0', 'correct-horse-7\ud800']
const common = ['P@ssw0rd', '!QAZ2wsx', '1qaz!QAZ', 'pa$$w0rd']
const tooManyBytes = [`1!${'x'.repeat(71)}`, `1!${'é'.repeat(36)}`, `1!${'😀'.repeat(18)}`]
const passwords = [...notText, ...weak, ...common, ...tooManyBytes]

const refusals: [keyof typeof good, unknown[]][] = [
  ['email', emails],
  ['name', names],
  ['password', passwords]
]

test('a registration with an invalid field is refused with a pointer, and stores nothing', async (t) => {
  const queriesOf = countQueries(t, app)
  const tryAll = async () => {
    for (const [field, values] of refusals)
      for (const value of [...values, undefined]) {
        const answer = await anyone.post('/api/auth/register', { ...good, [field]: value })
        const what = `${field} ${JSON.stringify(value)?.slice(0, 60)}`
        t.match(answer.json(), { status: 400, code: 'validation_failed' }, what)
        t.strictSame(
          [...new Set(answer.json().errors.map(({ pointer }: { pointer: string }) => pointer))],
          [`/${field}`],
          what
        )
      }
  }
  t.equal(await queriesOf(tryAll), 0)
})

test('a login with an invalid field is refused before any look-up', async (t) => {
  const queriesOf = countQueries(t, app)
  const bad: [string, unknown[]][] = [
    ['email', [...emails, undefined]],
    ['password', [...notText, 'x'.repeat(1_001), 'a\0', '\ud800', undefined]]
  ]
  const tryAll = async () => {
    for (const [field, values] of bad)
      for (const value of values) {
        const answer = await anyone.post('/api/auth/login', { email: good.email, password, [field]: value })
        t.match(
          answer.json(),
          { status: 400, errors: [{ pointer: `/${field}` }] },
          `${field} ${JSON.stringify(value)?.slice(0, 60)}`
        )
      }
  }
  t.equal(await queriesOf(tryAll), 0)
})

test('unknown fields are refused, not dropped', async (t) => {
  for (const key of ['id', 'is_active', 'role', 'issuer', 'Email', 'constructor', '', 'a/b~c'])
    for (const url of ['/api/auth/register', '/api/auth/login']) {
      const { name, ...credentials } = good
      const answer = await anyone.post(url, { ...(url.endsWith('login') ? credentials : good), [key]: 'x' })
      const pointer = `/${key.replace('~', '~0').replace('/', '~1')}`
      t.match(answer.json(), { status: 400, errors: [{ pointer, message: 'is not known here' }] }, `${url} ${key}`)
    }
})

test('a body that is not an object, or unreadable, is a client error', async (t) => {
  const text = JSON.stringify(good)
  const [open, deep] = [text.slice(0, -1), ['['.repeat(30_000), '{"a":'.repeat(10_000)]]
  const poisoned = [`${open},"__proto__":{}}`, `${open},"constructor":{"prototype":{}}}`]
  for (const payload of [
    '',
    'null',
    '[]',
    '"x"',
    '1',
    'true',
    '{',
    open,
    `${text}}`,
    `[${text}]`,
    ...deep,
    ...poisoned
  ]) {
    const headers = { 'content-type': 'application/json' }
    const answer = await anyone.post('/api/auth/register', undefined, { payload, headers })
    t.equal(answer.statusCode, 400, payload.slice(0, 30))
  }
})

test('the longest valid values are accepted', async (t) => {
  const label = 'y'.repeat(61)
  const email = `${'x'.repeat(64)}@${label}.${label}.${label}.com`
  const longest = { email, name: '😀'.repeat(100), password: `1!${'x'.repeat(70)}` }
  t.equal(email.length, 254)
  const answer = await anyone.post('/api/auth/register', longest)
  t.equal(answer.statusCode, 201, answer.body)
  t.match(answer.json().user, { email, name: longest.name })
  t.equal((await anyone.post('/api/auth/login', { email, password: longest.password })).statusCode, 200)
  t.equal((await signUp("o'neil+%_tag@example.co.uk")).email, "o'neil+%_tag@example.co.uk")
})

test('a password of 15 characters needs no digit and no special character, and signs in', async (t) => {
  for (const [password, status] of [
    ['fourteenletter', 400],
    ['fifteenXletters', 201],
    ['drei worte genug', 201]
  ] as const) {
    const email = `${status}-${password.length}@example.com`
    t.equal((await anyone.post('/api/auth/register', { email, name: 'Ann', password })).statusCode, status, password)
    const login = (await anyone.post('/api/auth/login', { email, password })).statusCode
    t.equal(login, status === 201 ? 200 : 401)
  }
})
