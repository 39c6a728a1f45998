import t, { test } from 'tap'
import { promoted } from '../helpers/admins.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { createAuthenticator, passkeysOf } from '../helpers/authenticator.ts'
import { contractOf, examplesOf, operationsOf, resolve, validatorOf } from '../helpers/contract.ts'
import { codeAt } from '../helpers/factors.ts'
import { tokenOf } from '../helpers/mailbox.ts'

const { app, anyone, lettersTo, signUp } = await startApp(t)
const contract = contractOf(app)
const operations = operationsOf(contract)
const validatorOfSchema = validatorOf(app)

interface Opened {
  access_token: string
  refresh_token: string
  user: { id: string; email: string }
}

/** Registers by the example of the contract, with an address of this user. */
const newUser = contract.components.schemas.NewUser?.examples?.[0] as Record<string, string>
async function register(): Promise<Opened> {
  const answer = await anyone.post('/api/auth/register', { ...newUser, email: `${crypto.randomUUID()}@example.com` })
  return answer.json()
}

/** Operations that take the token of a mail. Each of these causes the mail, and returns its recipient. */
const mails: Record<string, (ann: ReturnType<typeof caller>, email: string) => Promise<string>> = {
  async resetPassword(_ann, email) {
    await anyone.post('/api/auth/password/forgot', { email })
    return email
  },
  async verifyEmail(ann, email) {
    await ann.post('/api/auth/email/verification')
    return email
  },
  async confirmEmailChange(ann) {
    const email = `${crypto.randomUUID()}@example.com`
    await ann.post('/api/auth/email/change', { email })
    return email
  },
  async cancelEmailChange(ann, email) {
    await mails.confirmEmailChange?.(ann, email)
    return email
  }
}

/** The codes that operations take, of the user's own authenticator app. */
const codes: Record<string, (ann: ReturnType<typeof caller>, email: string) => Promise<object>> = {
  async confirmTotp(ann) {
    const { secret } = (await ann.post('/api/auth/factors/totp')).json()
    return { code: codeAt(secret, Date.now()) }
  },
  async completeLogin(ann, email) {
    const first = await codes.confirmTotp?.(ann, email)
    const { recovery_codes } = (await ann.post('/api/auth/factors/totp/confirm', first)).json()
    const { challenge } = (await caller(app).post('/api/auth/login', { email, password })).json()
    return { challenge, code: recovery_codes[0] }
  }
}

/** The credentials that operations on passkeys take. */
const { add, loginOptions, optionsFor } = passkeysOf(anyone)
const authenticator = createAuthenticator()
const credentials: Record<string, (ann: ReturnType<typeof caller>) => Promise<object>> = {
  addPasskey: async (ann) => createAuthenticator().create(await optionsFor(ann)),
  async logInWithPasskey(ann) {
    await add(ann, authenticator)
    return authenticator.get(await loginOptions())
  }
}

/** The id of a resource at a path. */
async function idFor(path: string, ann: ReturnType<typeof caller>): Promise<string> {
  const added = path.startsWith('/api/auth/passkeys/')
    ? await add(ann, createAuthenticator())
    : await ann.post('/api/tasks', { title: 'Something to change' })
  return added.json().id
}

/** The token of the mail that an operation takes. */
async function mailToken(operationId: string, ann: ReturnType<typeof caller>, email: string): Promise<string> {
  const recipient = await mails[operationId]?.(ann, email)
  return tokenOf((await lettersTo(String(recipient))).at(-1))
}

const bodies = operations.flatMap(({ name, operation }) =>
  Object.values(operation.requestBody?.content ?? {}).flatMap((media) =>
    examplesOf(contract, media).map((body) => ({ name, operation, body: body as Record<string, unknown> }))
  )
)

test('every example of a request body is accepted with 2xx', async (t) => {
  t.ok(bodies.length >= 11)
  for (const { name, operation, body } of bodies) {
    const { access_token, refresh_token, user } = await register()
    const [method = '', path = ''] = name.split(' ')
    const ann = path.startsWith('/api/admin/') ? await promoted(app, await signUp()) : caller(app, access_token)
    const other = path.startsWith('/api/admin/users/') ? await signUp() : undefined
    const id = other?.id ?? (path.includes('{id}') ? await idFor(path, ann) : '')
    const url = path.replace('{user_id}', user.id).replace('{id}', id)
    // What only this session has: its address and its refresh token. A new account takes a new address.
    const own: Record<string, unknown> = {
      ...('email' in body && operation.operationId !== 'register' && { email: (other ?? user).email }),
      ...('refresh_token' in body && { refresh_token }),
      ...('token' in body && { token: await mailToken(operation.operationId, ann, user.email) }),
      ...('code' in body && (await codes[operation.operationId]?.(ann, user.email))),
      ...('credential' in body && { credential: await credentials[operation.operationId]?.(ann) })
    }
    const answer = await ann[method.toLowerCase() as 'post' | 'put' | 'patch'](url, { ...body, ...own })
    t.match(String(answer.statusCode), /^2/, `${name}: ${answer.body}`)
    t.notMatch(body, { refresh_cookie: Boolean }, `${name}: as clients without a browser send it`)
  }
})

test('the examples of registering and logging in work one after the other, as they stand', async (t) => {
  await app.db.deleteFrom('users').execute()
  const sent = (id: string) => bodies.find(({ operation }) => operation.operationId === id)?.body
  t.equal((await anyone.post('/api/auth/register', sent('register'))).statusCode, 201)
  t.equal((await anyone.post('/api/auth/login', sent('login'))).statusCode, 200)
})

test('every example of a response matches its schema', async (t) => {
  let count = 0
  for (const { name, operation } of operations)
    for (const [status, listed] of Object.entries(operation.responses))
      for (const media of Object.values(resolve(contract, listed).content ?? {})) {
        const validate = validatorOfSchema(media.schema)
        for (const example of examplesOf(contract, media)) {
          count += 1
          t.ok(validate(example), `${name} ${status}: ${JSON.stringify(validate.errors)}`)
          t.strictSame(unknownKeys(example, media.schema), [], `${name} ${status}: nothing that is never sent`)
        }
      }
  t.ok(count > 100)
})

/** The keys of an example that its schema does not know. */
function unknownKeys(example: unknown, schema: object): string[] {
  const {
    properties = {},
    items,
    additionalProperties
  } = resolve(contract, schema) as {
    properties?: Record<string, object>
    items?: object
    additionalProperties?: boolean
  }
  if (Array.isArray(example)) return example.flatMap((item) => unknownKeys(item, items ?? {}))
  if (typeof example !== 'object' || example === null || additionalProperties) return []
  return Object.entries(example).flatMap(([key, value]) => {
    const inner = properties[key]
    return inner ? unknownKeys(value, inner) : [key]
  })
}
