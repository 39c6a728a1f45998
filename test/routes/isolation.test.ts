import type { InjectOptions } from 'fastify'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { createAuthenticator, passkeysOf } from '../helpers/authenticator.ts'
import { contractOf } from '../helpers/contract.ts'
import { personalTokensOf } from '../helpers/personal-tokens.ts'

/** A valid body for each operation that takes one. */
const bodies: Record<string, object> = {
  PUT: { title: 'changed' },
  'PATCH /api/auth/passkeys/{id}': { name: 'changed' }
}

const { app, anyone, signUp } = await startApp(t)
const [ann, ben] = [await signUp(), await signUp()]
const { id } = (await ann.post('/api/tasks', { title: 'private', description: 'of Ann' })).json()
const script = await personalTokensOf(app).program(ann)
const passkey = (await passkeysOf(anyone).add(ann, createAuthenticator())).json()

const operations = Object.entries(contractOf(app).paths).flatMap(([path, item]) =>
  Object.keys(item)
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .map((method) => ({ path, method: method as NonNullable<InjectOptions['method']> }))
)
/** Admins see the accounts of others: admin-routes.test.ts. */
const withId = operations.filter(({ path }) => path.includes('{id}') && !path.startsWith('/api/admin/'))

test('there are routes with an id to test', async (t) => {
  t.ok(withId.length >= 10, withId.map(({ method, path }) => `${method} ${path}`).join(', '))
})

for (const { method, path } of withId)
  test(`${method} ${path}: another user's resource answers 404`, async (t) => {
    const stored = async () => [
      (await ann.get(`/api/tasks/${id}`)).json(),
      (await ann.get('/api/auth/passkeys')).json().items,
      (await ann.get('/api/auth/tokens')).json().items
    ]
    const before = await stored()
    const sent = bodies[`${method} ${path}`] ?? bodies[method]
    const ask = async (id: string) => {
      const { statusCode, headers, body } = await app.inject({
        method,
        url: path.replace('{id}', id).replace('{user_id}', ben.id),
        headers: { authorization: `Bearer ${ben.token}`, 'x-request-id': 'the-same-for-both' },
        ...(sent && { payload: sent })
      })
      return { statusCode, body, headers: { ...headers, date: undefined } }
    }
    const kind = path.split('/')[3] ?? ''
    const foreign = await ask({ passkeys: passkey.id, tokens: script.id }[kind] ?? id)
    t.equal(foreign.statusCode, 404)
    t.strictSame(foreign, await ask(crypto.randomUUID()), 'the same bytes as for one that does not exist')
    t.strictSame(await stored(), before, 'and it stays as it was')
  })

test("lists and searches return only the user's own tasks", async (t) => {
  for (const query of ['', '?q=private', '?q=of+Ann', '?status=pending', '?sort=title&limit=100'])
    for (const url of ['/api/tasks', `/api/users/${ben.id}/tasks`])
      t.strictSame((await ben.get(`${url}${query}`)).json(), { items: [], next_cursor: null })
})

test('two users may have tasks with the same title', async (t) => {
  t.equal((await ben.post('/api/tasks', { title: 'private' })).statusCode, 201)
})
