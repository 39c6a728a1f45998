import t, { test } from 'tap'
import { sql } from '../../src/index.ts'
import { attack, buildTestApp, leaks, openRoutes } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

const clock = { now: Date.now() }
const kit = await buildTestApp(product, {
  settings: { NOTES_IN_ALL: '1000' },
  clock: () => clock.now,
  databaseUrl: process.env.TEST_DATABASE_URL
})
const { app, signUp, anyone, letters, close } = kit
t.teardown(close)
const [ann, ben] = [await signUp(), await signUp()]
const url = '/api/notes'
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })
const milk = { text: 'Milk \u{1f95b}' }

test('the test kit calls a product as a user, as an admin, and with a personal access token', async (t) => {
  const { id } = (await ann.post(url, { text: 'hers' })).json()
  t.equal((await anyone.get(`/api/notes/${id}`)).statusCode, 401)
  t.equal((await (await ann.program(['notes:read'])).get(`/api/notes/${id}`)).json().text, 'hers')
  t.equal((await ben.get('/api/admin/notes/count')).statusCode, 403)
  const boss = await signUp({ email: 'boss@example.com', admin: true })
  t.match((await boss.get('/api/admin/notes/count')).json(), { notes: Number })
  await app.mail.sender?.idle()
  t.ok(letters.some(({ to }) => to === ann.email))
  await t.rejects(signUp({ email: 'boss@example.com' }), /boss@example.com cannot register: .*email_taken/)
  await t.rejects(ann.program(['notes:eat']), /No token for notes:eat: .*validation_failed/)
})

test('a repeated request with a key gets the first answer', async (t) => {
  const first = await ann.post(url, milk, withKey('one'))
  const again = await ann.post(url, milk, withKey('"one"'))
  t.equal(first.statusCode, 201)
  t.equal(again.body, first.body)
  t.strictSame(
    [first, again].map(({ headers }) => headers['idempotency-replayed']),
    [undefined, 'true']
  )
  for (const name of ['location', 'etag']) t.equal(again.headers[name], first.headers[name], name)
  t.equal((await ann.get(String(first.headers.location))).body, first.body)
  await ann.put(String(first.headers.location), { text: 'Oats' })
  t.equal((await ann.post(url, milk, withKey('one'))).body, first.body, 'later changes do not matter')
})

test('a key belongs to its user, and to one request to one resource', async (t) => {
  const first = await ann.post(url, milk, withKey('two'))
  t.not((await ben.post(url, milk, withKey('two'))).json().id, first.json().id)
  t.equal((await ann.post(url, { text: 'Oats' }, withKey('two'))).json().code, 'idempotency_mismatch')
  const claim = { user_id: ann.id, key: 'three', fingerprint: Buffer.alloc(32), resource_id: crypto.randomUUID() }
  await app.db.insertInto('idempotency_keys').values(claim).execute()
  t.equal(
    (await ann.post(url, milk, withKey('three'))).json().code,
    'idempotency_mismatch',
    'a key of another resource'
  )
  t.equal((await ann.post(url, milk, withKey(''))).json().code, 'malformed_request')
})

test('of concurrent requests with one key one creates a note', async (t) => {
  const cy = await signUp()
  const answers = await Promise.all(Array.from({ length: 10 }, () => cy.post(url, milk, withKey('race'))))
  const first = answers.find(({ statusCode, headers }) => statusCode === 201 && !headers['idempotency-replayed'])
  for (const { statusCode, body } of answers) t.ok(statusCode === 409 || body === first?.body, String(statusCode))
  t.equal((await cy.get(url)).json().items.length, 1)
})

test('If-None-Match answers 304, and If-Match changes a note only in the version that the client has', async (t) => {
  const { headers, body } = await ann.post(url, milk)
  const [at, etag] = [String(headers.location), String(headers.etag)]
  const known = await ann.get(at, undefined, { headers: { 'if-none-match': etag } })
  t.strictSame([known.statusCode, known.body, known.headers.etag], [304, '', etag])
  const changed = await ann.put(at, { text: 'Oats' }, { headers: { 'if-match': etag } })
  t.equal(changed.statusCode, 200)
  t.not(changed.headers.etag, etag)
  for (const method of ['put', 'delete'] as const) {
    const late = await ann[method](at, method === 'put' ? { text: 'Rye' } : undefined, {
      headers: { 'if-match': etag }
    })
    t.equal(late.json().code, 'precondition_failed')
  }
  t.equal((await ann.put(at, { text: 'Rye' }, { headers: { 'if-match': 'x' } })).json().code, 'malformed_request')
  t.equal((await ann.put(at, { text: 'Rye' }, { headers: { 'if-match': 'W/"x"' } })).json().code, 'precondition_failed')
  const missing = `${url}/${crypto.randomUUID()}`
  t.equal((await ann.put(missing, { text: 'Rye' }, { headers: { 'if-match': etag } })).json().code, 'not_found')
  t.equal((await ann.put(at, { locked: true }, { headers: { 'if-match': '*' } })).statusCode, 200)
  t.match((await ann.put(at, { text: 'Rye' })).json(), { status: 423, code: 'note_locked' })
  t.match(body, 'Milk')
})

test('pages contain every note once, in order, whatever is added meanwhile', async (t) => {
  const dan = await signUp()
  const texts = Array.from({ length: 7 }, (_, i) => `note ${i}`)
  for (const text of texts) await dan.post(url, { text })
  const seen: string[] = []
  let cursor = ''
  do {
    const page = (await dan.get(`${url}?limit=3${cursor && `&cursor=${cursor}`}`)).json()
    seen.push(...page.items.map(({ text }: { text: string }) => text))
    cursor = page.next_cursor
    await dan.post(url, { text: 'later' })
  } while (cursor)
  t.strictSame(seen, texts.reverse())
  const { next_cursor } = (await dan.get(`${url}?limit=1`)).json()
  for (const path of [`${url}?state=open&cursor=${next_cursor}`, `${url}?cursor=${next_cursor}x`])
    t.match((await dan.get(path)).json(), { code: 'validation_failed', errors: [{ pointer: '/cursor' }] })
  t.equal((await ann.get(`${url}?cursor=${next_cursor}`)).json().code, 'validation_failed', 'of another user')
  const locked = (await dan.post(url, milk)).json()
  await dan.put(`${url}/${locked.id}`, { locked: true })
  t.notOk(
    (await dan.get(`${url}?state=open&limit=100`)).json().items.some(({ id }: { id: string }) => id === locked.id)
  )
})

test('a page of long notes ends before 1 MiB, and none is lost', async (t) => {
  const eve = await signUp()
  for (let i = 0; i < 40; i += 1) await eve.post(url, { text: `${'\u0001'.repeat(9_990)} ${i}` })
  let [count, cursor] = [0, '']
  do {
    const { body } = await eve.get(`${url}?limit=100${cursor && `&cursor=${cursor}`}`)
    t.ok(body.length < 1024 * 1024, `${body.length} bytes`)
    const page = JSON.parse(body)
    count += page.items.length
    cursor = page.next_cursor
  } while (cursor)
  t.equal(count, 40)
})

test('a step-up is required ten minutes after the login', async (t) => {
  const fay = await signUp()
  const [first, second] = [(await fay.post(url, milk)).json(), (await fay.post(url, milk)).json()]
  t.equal((await fay.delete(`${url}/${first.id}`)).statusCode, 204)
  clock.now += 11 * 60_000
  const late = await fay.delete(`${url}/${second.id}`)
  t.equal(late.json().code, 'step_up_required')
  t.match(late.headers['www-authenticate'], /max_age=600/)
  clock.now -= 11 * 60_000
})

test('a request of a user whose account is deleted meanwhile answers token_revoked', async (t) => {
  const gus = await signUp()
  await sql`alter table sessions disable trigger revoke`.execute(app.db)
  await app.db.deleteFrom('users').where('id', '=', gus.id).execute()
  await sql`alter table sessions enable trigger revoke`.execute(app.db)
  t.equal((await gus.post(url, milk)).json().code, 'token_revoked')
})

test('no attack on the routes of the product finds a fault', async (t) => {
  const { id } = (await ann.post(url, milk)).json()
  const target = {
    owner: ann,
    scopes: product.scopes,
    urls: { [`${url}/{id}`]: `${url}/${id}` },
    bodies: { [`PUT ${url}/{id}`]: { text: 'mine' } },
    open: ['GET /api/note-limits']
  }
  t.strictSame(await attack(kit, target), [])
  t.strictSame(
    await leaks(app, { stranger: ben, urls: {} }),
    ['GET', 'HEAD', 'PUT', 'DELETE'].map((method) => `${method} ${url}/{id}: urls has no ${url}/{id}`)
  )
  t.strictSame(
    await openRoutes(app),
    ['GET', 'HEAD'].map((method) => `${method} /api/note-limits: 200`)
  )
})
