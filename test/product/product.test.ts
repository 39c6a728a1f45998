import t, { test } from 'tap'
import {
  buildApp,
  defineProblem,
  defineProduct,
  type Kysely,
  loadConfig,
  type Routes,
  ref,
  setting,
  sql,
  Type
} from '../../src/index.ts'
import { migrateFor } from '../../src/product/migrating.ts'
import { promoted } from '../helpers/admins.ts'
import { caller, startApp } from '../helpers/app.ts'
import { contractOf, operationsOf } from '../helpers/contract.ts'
import { personalTokensOf } from '../helpers/personal-tokens.ts'
import { product } from './notes/product.ts'
import { Note } from './notes/schemas.ts'

const { app, signUp, anyone } = await startApp(t, { product, settings: { NOTES_IN_ALL: '3' } })
const { program } = personalTokensOf(app)
const [ann, ben] = [await signUp(), await signUp()]
const created = await ann.post('/api/notes', { text: 'hers' })
const { id } = created.json()

test("another user's note answers 404", async (t) => {
  t.equal(created.statusCode, 201)
  t.equal((await ann.get(`/api/notes/${id}`)).json().text, 'hers')
  t.match((await ben.get(`/api/notes/${id}`)).json(), { status: 404, detail: 'Note not found' })
  t.equal((await anyone.get(`/api/notes/${id}`)).json().code, 'not_authenticated')
})

test("admins have the product's admin routes, and nobody else has", async (t) => {
  t.equal((await ann.get('/api/admin/notes/count')).json().code, 'forbidden')
  const admin = await promoted(app, await signUp())
  t.strictSame((await caller(app, admin.token).get('/api/admin/notes/count')).json(), { notes: 1 })
})

test('public routes need no token, and settings of the product reach its routes', async (t) => {
  t.strictSame((await anyone.get('/api/note-limits')).json(), { notes: 3 })
})

test('personal access tokens have the scopes of the product', async (t) => {
  const reader = await program(ann, { scopes: ['notes:read'] })
  t.equal((await reader.get(`/api/notes/${id}`)).statusCode, 200)
  t.equal((await reader.post('/api/notes', { text: 'no' })).json().code, 'insufficient_scope')
  const asked = await ann.post('/api/auth/tokens', { name: 'Old', scopes: ['tasks:read'], expires_in_days: 1 })
  t.equal(asked.json().code, 'validation_failed', 'and not those of tasks')
})

test('problems of the product have the same format as those of Gatehouse', async (t) => {
  await app.db.updateTable('product_notes').set({ locked: true }).where('id', '=', id).execute()
  const answer = await ann.put(`/api/notes/${id}`, { text: 'changed' })
  t.match(answer.json(), { status: 423, title: 'Locked', code: 'note_locked', detail: 'The note is locked' })
  await ann.post('/api/notes', { text: 'two' })
  await ann.post('/api/notes', { text: 'three' })
  t.match((await ben.post('/api/notes', { text: 'four' })).json(), {
    code: 'too_many_notes',
    detail: 'There are 3 notes'
  })
})

test('the contract has what the product adds, and nothing of tasks', (t) => {
  const contract = contractOf(app)
  const names = operationsOf(contract).map(({ name }) => name)
  t.match(contract, {
    info: { title: 'Notes', version: '3.2.1', description: /^Notes of each user\.\n\n- \*\*Sign up/ }
  })
  t.ok(names.includes('POST /api/notes') && names.includes('GET /api/admin/notes/count'))
  t.notMatch(JSON.stringify(contract), /task/i)
  const { schemas, responses } = contract.components
  t.strictSame(schemas.TokenScope?.enum, ['notes:read', 'notes:write', 'revocations:read'])
  t.ok(schemas.ProblemCode?.enum?.includes('note_locked'))
  t.ok(schemas.Unused && schemas.Note)
  t.match(responses.Problem423, { description: 'Locked', content: {} })
  t.match(schemas.PersonalData?.properties?.product_notes, { type: 'array' })
  t.match(schemas.PersonalToken?.examples, [{ scopes: ['notes:read'] }])
  t.end()
})

test('the export of a user has the notes, and the deletion of the account deletes them', async (t) => {
  const cy = await signUp()
  await app.db.insertInto('product_notes').values({ id: crypto.randomUUID(), user_id: cy.id, text: 'mine' }).execute()
  const { product_notes, ...others } = (await cy.get('/api/auth/profile/export')).json()
  t.match(product_notes, [{ text: 'mine', locked: false }])
  t.notOk('tasks' in others)
  t.equal((await cy.post('/api/auth/profile/delete', { password: cy.password })).statusCode, 204)
  t.strictSame(await app.db.selectFrom('product_notes').select('id').where('user_id', '=', cy.id).execute(), [])
})

test('settings of a product are validated, and may not have the name of a setting of Gatehouse', (t) => {
  const load = (value: string) => loadConfig({ DATA_DIR: t.testdir(), NOTES_IN_ALL: value }, [], product.settings)
  t.equal(load('7').settings.NOTES_IN_ALL, 7)
  t.throws(() => load('0'), /NOTES_IN_ALL: must be a whole number from 1 to 1000/)
  t.throws(() => loadConfig({ DATA_DIR: t.testdir() }, [], { PORT: setting.text() }), /PORT: is a setting of Gatehouse/)
  t.end()
})

test('a product that contradicts Gatehouse or itself does not start', async (t) => {
  const failing = (given: object) => startApp(t, { product: given })
  await t.rejects(failing({ scopes: ['revocations:read'] }), /there is a scope revocations:read already/)
  await t.rejects(failing({ scopes: ['notes'] }), /the scope notes must be like notes:read/)
  const taken = defineProblem({ status: 409, code: 'email_taken', detail: 'Mine' })
  await t.rejects(failing({ problems: [taken] }), /there is a problem email_taken already/)
  await t.rejects(failing({ schemas: [Type.Object({}, { $id: 'User' })] }), /Two schemas have the name User/)
  await t.rejects(failing({ ...product, scopes: [] }), /has the scope notes:\w+, which is none of revocations:read/)
  await t.rejects(failing({ migrations: t.testdirName }), /The folder of migrations .* does not exist/)
  t.equal(ref(Note).$ref, 'Note')
})

test('mistakes of a product stop its start with a message that names them', async (t) => {
  const routes: Routes = async (app) => void app.get('', async () => ({ password_hash: 'all columns' }))
  const mounted = (more: object = {}) => ({
    ...more,
    routes: { authenticated: [{ prefix: '/api/forgetful', routes }] }
  })
  await t.rejects(startApp(t, { product: mounted() }), /GET \/api\/forgetful has no schema.response/)
  const config = loadConfig({ DATA_DIR: t.testdir() })
  await t.rejects(buildApp({ config, ...product }), /configuration lacks NOTES_IN_ALL: .* product.settings/)
  t.throws(() => loadConfig({ DATA_DIR: t.testdir() }, [], { API_KEY: setting.text() }), /API_KEY: is required/)
  await t.rejects(
    startApp(t, { product: { migrations: { getMigrations: async () => ({ '0001_half': { up: half } }) } } }),
    /type "nonsense" does not exist/
  )
})

test('anything that a handler throws answers 500 without details', async (t) => {
  const thrown = [undefined, null, 0, 'a secret', { secret: 1 }, new Error('a secret')]
  const response = { 200: Type.Null() }
  const routes: Routes = async function careless(app) {
    for (const [i, value] of thrown.entries())
      app.get(`/${i}`, { schema: { response } }, async () => {
        throw value
      })
  }
  const { app } = await startApp(t, { product: { routes: { public: [{ prefix: '/api/careless', routes }] } } })
  for (const [i] of thrown.entries()) {
    const { statusCode, headers, body } = await app.inject(`/api/careless/${i}`)
    t.match([statusCode, headers['content-type']], [500, /^application\/problem\+json/], String(thrown[i]))
    t.match(JSON.parse(body), { code: 'internal_error', detail: 'Internal error' })
    t.notMatch(body, /secret|undefined/)
  }
})

/** A migration that fails after its first statement. */
async function half(db: Kysely<unknown>): Promise<void> {
  await sql`create table half (id int)`.execute(db)
  await sql`create table other (id nonsense)`.execute(db)
}

test('a migration that failed half-way left nothing, and is repeated after it was mended', async (t) => {
  const { app } = await startApp(t, { product: {} })
  const migrateWith = (up: typeof half) =>
    migrateFor(
      { migrations: { getMigrations: async () => ({ '0001_users': { up } }) } },
      app.db,
      { ...loadConfig({ DATA_DIR: t.testdir() }), directUrl: undefined },
      app.log
    )
  await t.rejects(migrateWith(half), /nonsense/)
  const exists = async () =>
    (await sql<{ at: string | null }>`select to_regclass('half')::text as at`.execute(app.db)).rows[0]?.at
  t.equal(await exists(), null)
  const mended = async (db: Kysely<unknown>) => void (await sql`create table half (id int)`.execute(db))
  t.strictSame(await migrateWith(mended), ['product/0001_users'], 'a name that Gatehouse has as well')
  t.equal(await exists(), 'half')
  t.strictSame(await migrateWith(mended), [])
})

test('tables that refer to users must be known to the export and the deletion', async (t) => {
  const { personalData, ...unnamed } = product
  await t.rejects(
    startApp(t, { product: unnamed }),
    /personalData of the product must say what .* the table product_notes/
  )
  const table = {
    getMigrations: async () => ({
      '0001_likes': {
        up: (db: typeof app.db) =>
          db.schema
            .createTable('likes')
            .addColumn('user_id', 'uuid')
            .addForeignKeyConstraint('likes_user', ['user_id'], 'users', ['id'])
            .execute()
      }
    })
  }
  const likes = defineProduct({ migrations: table, personalData: { likes: { not: 'Nobody likes it' } } })
  await t.rejects(startApp(t, { product: likes }), /the foreign key likes_user of likes must be "on delete cascade"/)
  const { app: other, signUp } = await startApp(t, {
    product: {
      ...likes,
      erase: async (userId, trx) =>
        void (await trx
          .deleteFrom('likes' as 'product_notes')
          .where('user_id', '=', userId)
          .execute())
    }
  })
  const dan = await signUp()
  await other.db
    .insertInto('likes' as 'product_notes')
    .values({ user_id: dan.id } as never)
    .execute()
  t.notOk('likes' in (await dan.get('/api/auth/profile/export')).json())
  t.equal((await dan.post('/api/auth/profile/delete', { password: dan.password })).statusCode, 204)
})
