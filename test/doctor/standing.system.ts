import t, { test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { examineToken } from '../../src/doctor/examine.ts'
import { caller, secret } from '../helpers/app.ts'
import { diagnose } from '../helpers/doctor.ts'
import { captureLog } from '../helpers/log.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'
import { patient } from '../helpers/patient.ts'
import { cloneTemplate } from '../helpers/template.ts'

const { settings, remove } = await cloneTemplate()
t.teardown(remove)

/** Runs the service for a while: the doctor can open the embedded database only afterwards. */
async function serve<T>(use: (app: Awaited<ReturnType<typeof buildApp>>) => Promise<T>): Promise<T> {
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', ...settings })
  const app = await buildApp({ config, log: captureLog().log })
  return use(app).finally(() => app.close())
}
/** Tokens of users in every standing. One start of the service prepares them all, because each takes a second. */
const { open, ended, known, deactivated } = await serve(async (app) => {
  const register = async (name: string) => {
    const newUser = { email: `${name}@example.com`, name, password: 'correct-horse-7' }
    return (await caller(app).post('/api/auth/register', newUser)).json().access_token as string
  }
  const arrive = async (sub: string) => {
    // Issued after the deactivation, which ends all that were issued before.
    const token = bridgeToken({ sub, email: `${sub}@example.com`, iat: seconds() + 55, exp: seconds() + 900 })
    await caller(app, token).get('/api/auth/me')
    return token
  }
  const tokens = {
    open: await register('ann'),
    ended: await register('cat'),
    known: await arrive('dan'),
    deactivated: await arrive('eve')
  }
  await caller(app, tokens.ended).post('/api/auth/logout')
  await app.db.updateTable('users').set({ is_active: false }).where('email', '=', 'eve@example.com').execute()
  return tokens
})

test('our token is accepted until its session ends', async (t) => {
  const before = await diagnose(t, open, settings)
  t.notOk(before.refused)
  t.match(
    before.said,
    /^✓ Accepted: it is valid for user .* of this service \("ann@example\.com"\), for 7 days more\.\n✓ Not revoked\.\n$/
  )
  const after = await diagnose(t, ended, settings)
  t.ok(after.refused)
  t.match(after.said, /^✗ Refused \(401 token_revoked\): it was revoked, by a logout/)
})

test('a foreign user is looked up and not created; a deactivated one is refused', async (t) => {
  const token = bridgeToken({ sub: 'bob', email: 'bob@example.com', iat: seconds() + 30, exp: seconds() + 900 })
  for (const time of ['once', 'again'])
    t.match((await diagnose(t, token, settings)).said, /\n✓ Not revoked\. Its user is new: the first/, time)
  t.match((await diagnose(t, known, settings)).said, /\n✓ Not revoked\.\n/)
  const { said, refused } = await diagnose(t, deactivated, settings)
  t.ok(refused)
  t.match(
    said,
    /^✗ Refused \(401 token_revoked\): the account of its user is deactivated here\.\n {2}To enable it: npm run users -- enable/
  )
})

test('an error of the database leaves the result undetermined', async (t) => {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const db = openDatabase({ ...loadConfig({ BETTER_AUTH_SECRET: secret, ...settings }), ...patient }, captureLog().log)
  await db.schema.alterTable('users').renameTo('people').execute()
  await db.destroy()
  const { said, refused } = await diagnose(t, bridgeToken(), settings)
  t.notOk(refused)
  t.match(
    said,
    /^✓ Accepted.*\n\? It could not be checked whether it was revoked\. Database: relation "users" does not exist/
  )
})

test('a database without the migrations of the product leaves the result undetermined', async (t) => {
  const product = { migrations: { getMigrations: async () => ({ '0001_notes': { up: async () => {} } }) } }
  t.match(
    (await diagnose(t, open, settings, product)).said,
    /^✓ Accepted.*\n\? It could not be checked whether it was revoked\. .*these migrations are missing: product\/0001_notes/
  )
})

test("the doctor's own errors are not reported as a refusal", async (t) => {
  let works = true
  const clock = () => {
    if (!works) throw new Error('the clock is broken')
    return Date.now()
  }
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', DATA_DIR: t.testdir() })
  const examined = examineToken(bridgeToken(), config, {}, clock)
  works = false
  await t.rejects(examined, { message: 'the clock is broken' })
})

test('without the database a good token is accepted, and its revocation undetermined', async (t) => {
  const { said, refused } = await diagnose(t, bridgeToken(), { DATABASE_URL: 'postgres://localhost:1/tasks' })
  t.notOk(refused)
  t.match(
    said,
    /^✓ Accepted.*\n\? It could not be checked whether it was revoked\. Database: .* does not answer: .*ECONNREFUSED/
  )
})
