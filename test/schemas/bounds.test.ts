import t, { test } from 'tap'
import { operationsIn } from '../../src/testing/operations.ts'
import { promoted } from '../helpers/admins.ts'
import { startApp } from '../helpers/app.ts'
import { contractOf, examplesOf, resolve, type Schema } from '../helpers/contract.ts'

// What a request may have, by hand: the contract is made from the schemas, so it changes with them.
const { app, signUp } = await startApp(t)
const contract = contractOf(app)
const admin = await promoted(app, await signUp())
const absent = '0193aaaa-0000-7000-8000-00000000000a'

interface Bounds {
  taken: unknown[]
  refused: unknown[]
}

/** Text of at most `longest` characters, and of at least `shortest`. */
const text = (longest: number, shortest = 0): Bounds => ({
  taken: ['x'.repeat(longest), ...(shortest > 0 ? ['x'.repeat(shortest)] : [''])],
  refused: ['x'.repeat(longest + 1), 'a\0b', 5, null, ...(shortest > 0 ? ['x'.repeat(shortest - 1)] : [])]
})
const filled = (longest: number): Bounds => {
  const { taken, refused } = text(longest, 1)
  return { taken, refused: [...refused, ' ', '\t\n'] }
}
const number = (least: number, most: number): Bounds => ({ taken: [least, most], refused: [least - 1, most + 1, 'x'] })
const orNull = ({ taken, refused }: Bounds): Bounds => ({
  taken: [...taken, null],
  refused: refused.filter((value) => value !== null)
})
/** In a query, all is text. */
const inQuery = ({ taken, refused }: Bounds): Bounds => ({
  taken: taken.filter((value) => value !== ''),
  refused: refused.filter((value) => typeof value === 'string')
})
/** Text that the service made: what is not from it is refused later. */
const opaque = (longest: number): Bounds => ({
  taken: ['x'.repeat(longest)],
  refused: ['x'.repeat(longest + 1), 5, null]
})
const words = (...taken: string[]): Bounds => ({ taken, refused: ['', `${taken[0]}s`, 'owner'] })
const flag: Bounds = { taken: [true, false], refused: ['true', 1, null] }
const label = 'y'.repeat(61)
const email: Bounds = {
  taken: [`${'x'.repeat(64)}@${label}.${label}.${label}.com`],
  refused: [`${'x'.repeat(64)}@${label}.${label}.${label}.comm`, 'ann', '', null]
}
const newPassword: Bounds = {
  taken: [`7!${'x'.repeat(70)}`, '7!xyzabc', 'fifteen letters'],
  refused: [`7!${'x'.repeat(71)}`, '7!xyzab', 'fourteenletter', 'onlyletters', null]
}
const code: Bounds = {
  taken: ['12345678', '1234 5678'],
  refused: ['1234567', '123456789', '12345 678', '1234  5678', 'abcdefgh', '', null]
}
const credential: Bounds = { taken: [], refused: [null, {}, 'x', []] }
const scopes: Bounds = {
  taken: [['tasks:read'], ['tasks:read', 'tasks:write']],
  refused: [[], ['tasks:read', 'tasks:read'], ['tasks:delete'], 'tasks:read', null]
}

const oldPassword = text(1_000)
const mailToken = text(100)
const page = { limit: number(1, 100), cursor: inQuery(opaque(4_096)) }
const reason = { '!reason': filled(500) }
const tasks = {
  status: words('all', 'pending', 'completed'),
  sort: words('created', 'title'),
  order: words('asc', 'desc'),
  ...page,
  q: inQuery(text(200))
}
const newTask = { '!title': filled(200), description: orNull(text(10_000)) }
const changedTask = { title: filled(200), description: orNull(text(10_000)), completed: flag }
const actOn = (what: string) => [`POST /api/admin/users/{id}/${what}`, reason] as const

/** The fields of each request; those with `!` are required. */
const fieldsOf: Record<string, Record<string, Bounds>> = {
  'POST /api/auth/register': {
    ...{ '!email': email, '!name': filled(100), '!password': newPassword, refresh_cookie: flag }
  },
  'POST /api/auth/login': { '!email': email, '!password': oldPassword, refresh_cookie: flag },
  'POST /api/auth/login/second-factor': { '!challenge': opaque(1_000), '!code': text(100, 1), refresh_cookie: flag },
  'POST /api/auth/refresh': { refresh_token: opaque(1_000), refresh_cookie: flag },
  'POST /api/auth/passkeys/login': { '!credential': credential, refresh_cookie: flag },
  'POST /api/auth/password/forgot': { '!email': email },
  'POST /api/auth/password/reset': { token: mailToken, email, code, '!new_password': newPassword },
  'POST /api/auth/email/verify': { token: mailToken, email, code },
  'POST /api/auth/email/confirm': { token: mailToken, code },
  'POST /api/auth/email/cancel': { '!token': mailToken },
  'POST /api/auth/email/change': { '!email': email },
  'POST /api/auth/step-up': { password: oldPassword, code: text(100, 1), credential },
  'POST /api/auth/factors/totp/confirm': { '!code': text(100, 1) },
  'POST /api/auth/passkeys': { '!credential': credential, name: filled(100) },
  'PATCH /api/auth/passkeys/{id}': { '!name': filled(100) },
  'PUT /api/auth/profile': { name: filled(100) },
  'POST /api/auth/profile/delete': { password: oldPassword },
  'PUT /api/auth/password': { '!current_password': oldPassword, '!new_password': newPassword },
  'POST /api/auth/tokens': { '!name': filled(100), '!scopes': scopes, '!expires_in_days': number(1, 365) },
  'GET /api/auth/activity': page,
  'GET /api/revocations': { after: inQuery(opaque(8_192)), wait: number(0, 15) },
  'GET /api/tasks': tasks,
  'POST /api/tasks': newTask,
  'PUT /api/tasks/{id}': changedTask,
  'PATCH /api/tasks/{id}/complete': { completed: flag },
  'GET /api/users/{user_id}/tasks': tasks,
  'POST /api/users/{user_id}/tasks': newTask,
  'PUT /api/users/{user_id}/tasks/{id}': changedTask,
  'PATCH /api/users/{user_id}/tasks/{id}/complete': { completed: flag },
  'GET /api/admin/events': { after: number(0, Number.MAX_SAFE_INTEGER), limit: number(1, 500) },
  'GET /api/admin/audit': {
    event: { taken: ['login', 'x'.repeat(64)], refused: ['x'.repeat(65), 'Login', 'a b', ''] },
    user_id: { taken: [absent], refused: ['ann', `${absent}0`, `urn:uuid:${absent}`] },
    actor: words('user', 'anonymous', 'admin', 'command', 'service'),
    ...page
  },
  'GET /api/admin/audit/days': { days: number(1, 90) },
  'GET /api/admin/users': {
    q: inQuery(text(254)),
    state: words('all', 'active', 'disabled'),
    role: words('user', 'admin'),
    ...page
  },
  'PUT /api/admin/users/{id}/role': { '!role': words('user', 'admin'), ...reason },
  'POST /api/admin/users/{id}/delete': { '!email': email, ...reason },
  ...Object.fromEntries(
    ['disable', 'enable', 'end-sessions', 'reset-factors', 'send-reset', 'export'].map((what) => actOn(what))
  )
}

type Operation = ReturnType<typeof operationsIn>[number]

const operations = operationsIn(app).filter(({ method }) => method !== 'HEAD')
const describe = ({ path, key }: Operation) => contract.paths[path]?.[key]

/** The schema of a body, and what it may be besides null. */
function bodyOf(operation: Operation): (Schema & { required?: string[] }) | undefined {
  const media = describe(operation)?.requestBody?.content['application/json']
  const schema = media && (resolve(contract, media.schema) as Schema & { anyOf?: Schema[] })
  return schema?.anyOf?.[0] ? resolve(contract, schema.anyOf[0]) : schema
}
const parametersOf = (operation: Operation) =>
  (describe(operation)?.parameters ?? []).filter((parameter) => parameter.in === 'query')

test('each field of each request has its bounds here, and is required where they say so', (t) => {
  for (const operation of operations) {
    const { properties = {}, required = [] } = bodyOf(operation) ?? {}
    const names = Object.keys(properties).map((name) => (required.includes(name) ? `!${name}` : name))
    const all = [...names, ...parametersOf(operation).map(({ name }) => name)]
    t.strictSame(all.sort(), Object.keys(fieldsOf[operation.name] ?? {}).sort(), operation.name)
  }
  t.end()
})

/** Sends a request as an admin. Returns the pointers of its errors, or nothing where it was not refused for its form. */
async function faultsOf({ method, path }: Operation, { body, query = '' }: { body?: unknown; query?: string }) {
  const answer = await app.inject({
    method,
    url: `${path.replace(/\{\w+\}/g, absent)}${query}`,
    headers: {
      authorization: `Bearer ${admin.token}`,
      ...(body !== undefined && { 'content-type': 'application/json' })
    },
    ...(body !== undefined && { payload: JSON.stringify(body) })
  })
  if (answer.statusCode !== 400) return []
  return (answer.json().errors ?? []).map(({ pointer }: { pointer: string }) => pointer) as string[]
}

/** A body that is right in its form, and changes nothing of the admin. */
function exampleOf(operation: Operation): object {
  const schema = bodyOf(operation) as Schema
  const fields = schema.properties ?? {}
  const media = describe(operation)?.requestBody?.content['application/json']
  const [example] = schema.examples ?? (media ? examplesOf(contract, media) : [])
  return { ...(example as object), ...('current_password' in fields && { current_password: 'not the password' }) }
}

for (const operation of operations.filter(({ name }) => name in fieldsOf))
  test(`${operation.name} accepts the fields within their bounds, and refuses values beyond them and unknown fields`, async (t) => {
    const isQuery = operation.method === 'GET'
    const send = (name: string, value: unknown) =>
      isQuery
        ? faultsOf(operation, { query: `?${name}=${encodeURIComponent(String(value))}` })
        : faultsOf(operation, { body: { ...exampleOf(operation), [name]: value } })
    for (const [key, { taken, refused }] of Object.entries(fieldsOf[operation.name] ?? {})) {
      const name = key.replace('!', '')
      const shown = (value: unknown) => `${name} ${JSON.stringify(value)?.slice(0, 40)}`
      // A cursor that nobody has sealed is refused as well.
      for (const value of name === 'cursor' || operation.path === '/api/revocations' ? [] : taken)
        t.notOk(
          (await send(name, value)).some((pointer) => pointer.startsWith(`/${name}`)),
          shown(value)
        )
      for (const value of refused)
        t.ok(
          (await send(name, value)).some((pointer) => pointer.startsWith(`/${name}`)),
          `not ${shown(value)}`
        )
      if (key.startsWith('!')) {
        const { [name as never]: _, ...rest } = exampleOf(operation)
        t.ok((await faultsOf(operation, { body: rest })).includes(`/${name}`), `not without ${name}`)
      }
    }
    t.strictSame(await send('unknown', 'x'), ['/unknown'], 'not an unknown one')
  })

test('the bounds were tested as an admin, whom no route refuses for lack of rights', async (t) => {
  t.equal((await admin.get('/api/admin/users')).statusCode, 200)
})
