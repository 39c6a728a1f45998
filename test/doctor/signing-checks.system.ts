import type { Kysely } from 'kysely'
import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/database/connection.ts'
import type { Database } from '../../src/database/tables.ts'
import { examineSurroundings, examineToken } from '../../src/doctor/examine.ts'
import { format } from '../../src/doctor/findings.ts'
import { judgeSigningKeys } from '../../src/doctor/signing-checks.ts'
import { createLog } from '../../src/logging/log.ts'
import { secret } from '../helpers/app.ts'
import { diagnose } from '../helpers/doctor.ts'
import { mint, ourClaims, ourHeader, ourToken } from '../helpers/mint.ts'
import { patient } from '../helpers/patient.ts'
import { endChangeOver, startSigning } from '../helpers/signing.ts'
import { cloneTemplate } from '../helpers/template.ts'

const read = (SIGNING_ALGORITHM: string) => loadConfig({ BETTER_AUTH_SECRET: secret, SIGNING_ALGORITHM })
const key = (state: 'next' | 'current' | 'retired' | 'refused', algorithm = 'EdDSA', isReadable = true) => ({
  state,
  algorithm,
  isReadable
})

test('the doctor counts the keys, and reports missing and superfluous ones', (t) => {
  const judge = (algorithm: string, keys: ReturnType<typeof key>[], left = 0) =>
    judgeSigningKeys({ keys, left }, read(algorithm))
  t.equal(judge('HS256', []), undefined)
  t.equal(judge('HS256', [key('refused')]), undefined)
  t.strictSame(judge('EdDSA', [key('current'), key('next'), key('retired'), key('refused')]), {
    ok: true,
    text: 'Signing: EdDSA; keys: 1 current, 1 next, 1 retired; tokens of this service under the shared secret are refused'
  })
  t.match(judge('EdDSA', [], 3 * 86_400), { text: /accepted for 3 days more$/, advice: /ten minutes after/ })
  t.match(judge('EdDSA', [key('next')]), { ok: true, advice: /ten minutes after/ })
  t.match(judge('ES256', [key('current'), key('current', 'ES256')]), { ok: true, advice: /retire it/ })
  t.match(judge('HS256', [key('current')]), { ok: true, text: /are accepted$/, advice: /retire it/ })
  t.match(judge('EdDSA', [key('current', 'EdDSA', false)]), {
    ok: false,
    text: /cannot be decrypted/,
    advice: /BETTER_AUTH_SECRETS/
  })
  t.end()
})

test('tokens of keys are explained without a database', async (t) => {
  const header = { alg: 'EdDSA', typ: 'at+jwt', kid: crypto.randomUUID() }
  const settings = { SIGNING_ALGORITHM: 'EdDSA' }
  const { said, refused } = await diagnose(t, mint({ ...header, kid: 'x' }, ourClaims()), settings)
  t.ok(refused)
  t.match(said, /"x" is not one of the signing keys of this service\.\n {2}Get a new token/)
  t.match((await diagnose(t, ourToken(), settings)).said, /is signed with BETTER_AUTH_SECRET instead of a key of EdDSA/)
})

test('tokens of keys are explained, and the keys are listed', async (t) => {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const { app, config, signUp } = await startSigning(t, 'EdDSA', { settings })
  const { token } = await signUp()
  // The embedded database takes one process.
  await app.close()
  const use = async <Result>(work: (db: Kysely<Database>) => Promise<Result>) => {
    const db = openDatabase<Database>({ ...config, ...patient }, createLog('silent'))
    return work(db).finally(() => db.destroy())
  }
  const sharedUse = (db: Kysely<Database>) => db.selectFrom('shared_secret_use').selectAll().execute()
  const explained = async (token: string) => (await examineToken(token, config, {}, Date.now)).map(format).join('')
  t.match(await explained(token), /^✓ Accepted: it is valid for user .* of this service/)
  // Each start of the embedded database takes a second of CPU.
  const left = await use(async (db) => {
    await endChangeOver(db)
    return sharedUse(db)
  })
  t.match(await explained(mint(ourHeader, ourClaims())), /instead of a key of EdDSA/)
  const [head, payload] = token.split('.')
  t.match(await explained(`${head}.${payload}.${'A'.repeat(86)}`), /not made by the key .* of this service/)
  t.match((await examineSurroundings(config, {})).at(-1), {
    ok: true,
    text: /^Signing: EdDSA; keys: 1 current, 1 next/
  })
  await use(async (db) => {
    t.strictSame(await sharedUse(db), left, 'the doctor only reads')
    await db.updateTable('signing_keys').set({ refused_at: new Date().toISOString() }).execute()
  })
  t.match(await explained(token), /was retired, and its tokens are refused/)
  const shared = { ...config, signingAlgorithm: 'HS256' as const }
  t.notMatch((await examineSurroundings(shared, {})).map(format).join(''), /Signing/, 'only the shared secret signs')
})

test('without a database, or with one that does not answer, the doctor reports nothing about keys', async (t) => {
  const absent = loadConfig({ BETTER_AUTH_SECRET: secret, DATA_DIR: t.testdir(), SIGNING_ALGORITHM: 'EdDSA' })
  t.notMatch((await examineSurroundings(absent, {})).map(format).join(''), /Signing/)
  const down = loadConfig({
    BETTER_AUTH_SECRET: secret,
    DATABASE_URL: 'postgres://ann@localhost:1/tasks',
    SIGNING_ALGORITHM: 'EdDSA'
  })
  t.notMatch((await examineSurroundings(down, {})).map(format).join(''), /Signing/)
  t.match(
    (await examineToken(ourToken(), down, {}, Date.now)).map(format).join(''),
    /BETTER_AUTH_SECRET instead of a key/
  )
})
