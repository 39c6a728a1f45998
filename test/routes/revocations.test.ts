import t, { test } from 'tap'
import { ensureKeys, retireKey } from '../../src/auth/keys/rotation.ts'
import { hashOf } from '../../src/auth/personal-tokens/token-text.ts'
import { foreignKey } from '../../src/auth/revocations/revocation-keys.ts'
import { personalTokensRepository } from '../../src/repositories/personal-tokens.ts'
import { signingKeysRepository } from '../../src/repositories/signing-keys.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { feedToken } from '../helpers/feed.ts'
import { seconds } from '../helpers/mint.ts'
import { until } from '../helpers/wait.ts'

const { app, config, signUp } = await startApp(t)
const reader = caller(app, await feedToken(app, signUp))

interface Page {
  items: { kind: string; id: string; issued_until: number | null; expires_at: string }[]
  cursor: string
  has_more: boolean
}

const read = async (query = 'wait=0'): Promise<Page> => {
  const answer = await reader.get(`/api/revocations?${query}`)
  t.equal(answer.statusCode, 200, answer.body)
  return answer.json()
}
const after = (cursor: string, wait = 0) => read(`wait=${wait}&after=${encodeURIComponent(cursor)}`)
const sidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid
const idsOf = ({ items }: Page) => items.map(({ id }) => id)

test('a logout is in the feed, once', async (t) => {
  const { cursor } = await read()
  const ann = await signUp()
  await ann.post('/api/auth/logout')
  const page = await after(cursor)
  t.match(page, { items: [{ kind: 'session', id: sidOf(ann.token), issued_until: null }], has_more: false })
  t.ok(Date.parse(page.items[0]?.expires_at ?? '') > Date.now())
  t.strictSame((await after(page.cursor)).items, [])
  t.ok(idsOf(await read()).includes(sidOf(ann.token)))
})

test('a reader that waits hears of a logout, a new password and a deactivation', async (t) => {
  let { cursor } = await read()
  async function hears(what: string, sid: string, act: () => Promise<unknown>) {
    const ids = new Set<string>()
    const reading = until(what, async () => {
      const page = await after(cursor, 15)
      cursor = page.cursor
      for (const id of idsOf(page)) ids.add(id)
      return ids.has(sid)
    })
    await act()
    t.ok(await reading, what)
  }
  const ann = await signUp()
  await hears('logout', sidOf(ann.token), () => ann.post('/api/auth/logout'))
  const bob = await signUp()
  const again = await caller(app).post('/api/auth/login', { email: bob.email, password })
  await hears('password', sidOf(bob.token), () =>
    caller(app, again.json().access_token).put('/api/auth/password', {
      current_password: password,
      new_password: 'another-horse-8'
    })
  )
  const eve = await signUp()
  await hears('deactivation', sidOf(eve.token), async () => {
    await app.db.updateTable('users').set({ is_active: false }).where('id', '=', eve.id).execute()
    await app.revocations.settle()
  })
})

test('a reader whose token ends while it waits gets 401', async (t) => {
  const token = await feedToken(app, signUp)
  const { cursor } = (await caller(app, token).get('/api/revocations?wait=0')).json()
  const waiting = caller(app, token).get(`/api/revocations?wait=15&after=${cursor}`)
  // Its queries are before these, so then it waits.
  await read()
  await app.db.deleteFrom('personal_tokens').where('hash', '=', hashOf(token)).execute()
  await app.revocations.settle()
  t.match((await waiting).json(), { status: 401, code: 'token_revoked' })
})

test('only a personal access token with the scope reads the feed', async (t) => {
  const ann = await signUp()
  t.equal((await caller(app).get('/api/revocations')).statusCode, 401)
  const session = await ann.get('/api/revocations?wait=0')
  t.equal(session.statusCode, 403)
  t.match(session.json(), { code: 'forbidden' })
  const other = await feedToken(app, signUp, ['tasks:read'])
  t.equal((await caller(app, other).get('/api/revocations?wait=0')).statusCode, 403)
})

test('a cursor that is not one of the feed is refused', async (t) => {
  const token = await feedToken(app, signUp)
  for (const query of ['after=x', 'after=', 'wait=16', 'wait=-1', 'more=1', `after=${'x'.repeat(9_000)}`]) {
    const answer = await caller(app, token).get(`/api/revocations?${query}`)
    t.equal(answer.statusCode, 400, query)
  }
  const { errors } = (await caller(app, token).get('/api/revocations?after=x')).json()
  t.match(errors, [{ pointer: '/after' }])
})

test('ended personal access tokens and withdrawn signing keys are listed with kinds of their own', async (t) => {
  const { cursor } = await read()
  const ann = await signUp()
  const made = { user_id: ann.id, hash: Buffer.from('x'), name: 'Script', scopes: ['tasks:read'], expires_in_days: 1 }
  const { id } = await personalTokensRepository(app.db).insert(made)
  t.equal((await ann.delete(`/api/auth/tokens/${id}`)).statusCode, 204)
  await ensureKeys(app.db, 'EdDSA', config)
  const [key] = await signingKeysRepository(app.db).list()
  const kid = key?.kid ?? ''
  await retireKey(app.db, kid, config, { atOnce: true })
  const page = await after(cursor)
  t.match(page.items, [
    { kind: 'personal_token', id, issued_until: null },
    { kind: 'signing_key', id: kid, issued_until: Number }
  ])
  t.equal(page.items.length, 2)
})

test('the revocation of a user of another issuer says in issued_until which tokens have ended', async (t) => {
  const { cursor } = await read()
  const user = { issuer: 'https://issuer.example', subject: 'fay', email: 'fay@example.com', name: undefined }
  const issuedAt = seconds()
  await app.revocations.revokeForeign({ ...user, sessionId: undefined, issuedAt, expiresAt: issuedAt + 60 }, true)
  const { items } = await after(cursor)
  t.match(items, [{ kind: 'other', id: foreignKey(user.issuer, user.subject), issued_until: issuedAt - 1 }])
  t.equal(items.length, 1)
})

test('closing the service answers the readers that wait', async (t) => {
  const own = await startApp(t)
  const url = await own.app.listen({ port: 0, host: '127.0.0.1' })
  const authorization = `Bearer ${await feedToken(own.app, own.signUp)}`
  const waiting = fetch(`${url}/api/revocations?wait=15`, { headers: { authorization } })
  const connections = () =>
    new Promise<number>((resolve) => own.app.server.getConnections((_, count) => resolve(count)))
  await until('the reader', async () => (await connections()) === 1)
  await own.app.close()
  t.equal((await waiting).status, 200)
})
