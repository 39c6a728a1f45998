import t, { test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { examineToken } from '../../src/doctor/examine.ts'
import { caller, secret } from '../helpers/app.ts'
import { diagnose } from '../helpers/doctor.ts'
import { captureLog } from '../helpers/log.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'
import { cloneTemplate } from '../helpers/template.ts'

const { settings, remove } = await cloneTemplate()
t.teardown(remove)

/** Runs the service for a while: the doctor can open the embedded database only afterwards. */
async function serve<T>(use: (app: Awaited<ReturnType<typeof buildApp>>) => Promise<T>): Promise<T> {
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', ...settings })
  const app = await buildApp(config, captureLog())
  return use(app).finally(() => app.close())
}
const register = { email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' }
const deactivate = async (email: string) => {
  await serve(({ db }) => db.updateTable('users').set({ is_active: false }).where('email', '=', email).execute())
}

test('our token is accepted until its session ends', async (t) => {
  const token = await serve(async (app) => (await caller(app).post('/api/auth/register', register)).json().access_token)
  const before = await diagnose(t, token, settings)
  t.notOk(before.refused)
  t.match(
    before.said,
    /^✓ Accepted: it is valid for user .* of this service \("ann@example\.com"\), for 7 days more\.\n✓ Not revoked\.\n$/
  )

  await serve((app) => caller(app, token).post('/api/auth/logout'))
  const after = await diagnose(t, token, settings)
  t.ok(after.refused)
  t.match(after.said, /^✗ Refused \(401 token_revoked\): it was revoked, by a logout/)
})

test('a foreign user is looked up and not created; a deactivated one is refused', async (t) => {
  const token = bridgeToken({ sub: 'bob', email: 'bob@example.com', iat: seconds() + 30, exp: seconds() + 900 })
  for (const time of ['once', 'again'])
    t.match((await diagnose(t, token, settings)).said, /\n✓ Not revoked\. Its user is new: the first/, time)

  await serve((app) => caller(app, token).get('/api/auth/me'))
  t.match((await diagnose(t, token, settings)).said, /\n✓ Not revoked\.\n/)

  await deactivate('bob@example.com')
  const { said, refused } = await diagnose(t, token, settings)
  t.ok(refused)
  t.match(
    said,
    /^✗ Refused \(401 token_revoked\): the account of its user is deactivated here\.\n {2}To activate it, set is_active/
  )
})

test('an error of the database leaves the result undetermined', async (t) => {
  const rename = (from: string, to: string) => serve(({ db }) => db.schema.alterTable(from).renameTo(to).execute())
  await rename('users', 'people')
  const { said, refused } = await diagnose(t, bridgeToken(), settings)
  await rename('people', 'users')
  t.notOk(refused)
  t.match(
    said,
    /^✓ Accepted.*\n\? It could not be checked whether it was revoked\. Database: relation "users" does not exist/
  )
})

test("the doctor's own errors are not reported as a refusal", async (t) => {
  let works = true
  const clock = () => {
    if (!works) throw new Error('the clock is broken')
    return Date.now()
  }
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', DATA_DIR: t.testdir() })
  const examined = examineToken(bridgeToken(), config, clock)
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
