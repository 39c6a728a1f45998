import { sql } from 'kysely'
import t, { test } from 'tap'
import { foreignKey } from '../../src/auth/revocations/revocation-keys.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { caller, startApp } from '../helpers/app.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp } = await startApp(t)
const day = 24 * 60 * 60
const by = (claims: Record<string, unknown>) => caller(app, bridgeToken(claims))
const rowsOf = (subject: string) => app.db.selectFrom('users').selectAll().where('subject', '=', subject).execute()
const idOf = async (who: ReturnType<typeof by>): Promise<string> => (await who.get('/api/auth/me')).json().user_id

test('GET /api/auth/me needs no query for our own user, and one for a foreign user seen for the first time', async (t) => {
  const ann = await signUp()
  const queriesOf = countQueries(t, app)
  const costOf = (who: ReturnType<typeof by>) =>
    queriesOf(async () => t.equal((await who.get('/api/auth/me')).statusCode, 200))
  t.equal(await costOf(ann), 0, 'ours')
  const fay = { sub: 'fay', email: 'fay@example.com' }
  t.equal(await costOf(by(fay)), 1, 'first sight')
  t.equal(await costOf(by(fay)), 0, 'with another token, later')
})

test('a foreign subject of any kind becomes a user who can store tasks', async (t) => {
  const subjects = [
    '0193bbbb-0000-7000-8000-00000000000b',
    'zB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD',
    '42',
    'auth0|5f7c',
    'x'.repeat(255)
  ]
  for (const subject of subjects) {
    const user = by({ sub: subject, email: 'Same@Example.com' })
    const id = await idOf(user)
    const [row, ...more] = await rowsOf(subject)
    t.match(row, {
      id,
      issuer: 'better-auth',
      email: 'same@example.com',
      name: 'same@example.com',
      password_hash: null
    })
    t.equal(more.length, 0)
    t.equal((await user.post('/api/tasks', { title: 'mine' })).statusCode, 201)
    t.equal((await user.get('/api/tasks')).json().items.length, 1)
    t.equal((await user.get('/api/auth/profile')).json().id, id)
  }
})

test('the newest token determines whether the address is verified; a token without the claim changes nothing', async (t) => {
  const email = 'vera@example.com'
  let iat = seconds() - 100
  const state = async (claims: object) => {
    iat += 1
    const answer = await by({ sub: 'vera', email, iat, exp: iat + 900, ...claims }).get('/api/auth/profile')
    return answer.json().email_verified
  }
  t.equal(await state({}), false)
  t.equal(await state({ email_verified: 'true' }), false, 'never converted')
  t.equal(await state({ email_verified: true }), true)
  t.equal(await state({}), true, 'the same address')
  t.equal(await state({ email: 'v@example.com' }), false, 'another address')
  t.equal(await state({ emailVerified: true }), true)
  t.equal(await state({ email_verified: false }), false)
  const user = { id: 'vera', email, emailVerified: true }
  t.equal(await state({ sub: undefined, email: undefined, user }), true, 'in the user of a bridge')
  t.equal(await state({ email_verified: true, iat: iat - 50 }), true, 'an older token')
})

test('user_id identifies the user if sub is missing, and may accompany an equal sub', async (t) => {
  const id = await idOf(by({ sub: 'uma' }))
  t.equal(await idOf(by({ sub: undefined, user_id: 'uma' })), id)
  t.equal(await idOf(by({ user_id: 'uma', sub: 'uma' })), id)
})

test('a foreign user is never a user who registered here, whatever id and email the token claims', async (t) => {
  const ann = await signUp()
  await ann.post('/api/tasks', { title: 'secret' })
  const eve = by({ sub: ann.id, email: ann.email })
  const id = await idOf(eve)
  t.not(id, ann.id)
  t.strictSame((await eve.get('/api/tasks')).json().items, [])
  t.equal((await eve.get(`/api/users/${ann.id}/tasks`)).statusCode, 403)
  const login = await eve.post('/api/auth/login', { email: ann.email, password: ann.password })
  t.equal(login.json().user.id, ann.id, 'the local account still logs in')
})

test("a foreign user's address can be registered here, without access to the foreign account", async (t) => {
  const id = await idOf(by({ sub: 'zoe', email: 'zoe@example.com' }))
  const zoe = await signUp('zoe@example.com')
  t.not(zoe.id, id)
})

test('fifty concurrent first requests create one row', async (t) => {
  const ids = await Promise.all(Array.from({ length: 50 }, () => idOf(by({ sub: 'many', email: 'many@example.com' }))))
  t.equal(new Set(ids).size, 1)
  t.equal((await rowsOf('many')).length, 1)
})

test('a new email in a newer token is stored, and an older token does not restore the old one', async (t) => {
  const old = by({ sub: 'eli', email: 'old@example.com', iat: seconds() - 60 })
  const id = await idOf(old)
  const renamed = by({ sub: 'eli', email: 'New@example.com' })
  t.equal((await renamed.get('/api/auth/me')).json().email, 'new@example.com')
  const [before] = await rowsOf('eli')
  t.match(before, { id, email: 'new@example.com' })

  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(async () => t.equal(await idOf(old), id)), 0)
  t.strictSame(await rowsOf('eli'), [before])
})

test('a valid name in the token is used, and is optional', async (t) => {
  const names: [unknown, string][] = [
    ['Ned', 'Ned'],
    ['😀'.repeat(100), '😀'.repeat(100)],
    ...['', '  ', 'x'.repeat(101), 'a\0b', '\ud800', 5, null, ['Ned']].map((name): [unknown, string] => [
      name,
      'n@example.com'
    ])
  ]
  for (const [i, [name, kept]] of names.entries()) {
    const answer = await by({ sub: `name-${i}`, email: 'n@example.com', name }).get('/api/auth/profile')
    t.equal(answer.statusCode, 200, JSON.stringify(name))
    t.equal(answer.json().name, kept)
  }
})

test('the revocation of a foreign user outlives each token that the issuer may have given until then', async (t) => {
  const ways = {
    deactivated: (id: string) => app.db.updateTable('users').set({ is_active: false }).where('id', '=', id).execute(),
    deleted: (id: string) => app.db.deleteFrom('users').where('id', '=', id).execute()
  }
  for (const [subject, end] of Object.entries(ways)) {
    const id = await idOf(by({ sub: subject, email: `${subject}@example.com`, exp: seconds() + 7 * day }))
    await end(id)
    const rows = await app.db
      .selectFrom('revocations')
      .select(sql<number>`extract(epoch from expires_at - now())::float8`.as('left'))
      .where('key', '=', foreignKey('better-auth', subject))
      .execute()
    t.equal(rows.length, 1, subject)
    t.ok((rows[0]?.left ?? 0) > 7.9 * day, `${subject}: longer than the longest token lasts`)
  }
})

test('a deactivated foreign user is refused with every token', async (t) => {
  const deactivate = (subject: string) =>
    app.db.updateTable('users').set({ is_active: false }).where('subject', '=', subject).execute()
  const dan = by({ sub: 'dan', email: 'dan@example.com' })
  await idOf(dan)
  await deactivate('dan')
  const later = by({ sub: 'dan', email: 'dan.2@example.com' })
  for (const who of [later, dan])
    for (const url of ['/api/auth/me', '/api/tasks']) refused(t, await who.get(url), 'token_revoked', 'deactivated')
})

test("a new name is stored, and an unchanged user's updated_at stays after a restart", async (t) => {
  const kim = { sub: 'kim', email: 'kim@example.com', name: 'Kim' }
  const first = (await by(kim).get('/api/auth/profile')).json()
  const renamed = (await by({ ...kim, name: 'Kimberly' }).get('/api/auth/profile')).json()
  t.equal(renamed.name, 'Kimberly')
  t.ok(renamed.updated_at > first.updated_at)
  const users = usersRepository(app.db)
  for (const name of ['Kimberly', undefined])
    await users.keepForeign({ issuer: 'better-auth', subject: 'kim', email: kim.email, name })
  t.strictSame((await by({ ...kim, name: 'Kimberly' }).get('/api/auth/profile')).json(), renamed)
})
