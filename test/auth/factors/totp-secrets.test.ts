import t, { test } from 'tap'
import { resealTotpSecrets, sealTotpSecrets } from '../../../src/auth/factors/totp-secrets.ts'
import type { Unsealed } from '../../../src/auth/sealing.ts'
import { deleteExpired } from '../../../src/housekeeping.ts'
import { factorsRepository } from '../../../src/repositories/factors.ts'
import { secret as serviceSecret, startApp } from '../../helpers/app.ts'
import { factored } from '../../helpers/factors.ts'
import { countQueries } from '../../helpers/queries.ts'

const clock = { now: Date.now() }
const settings = { BETTER_AUTH_SECRETS: `2:another-${serviceSecret},1:${serviceSecret}` }
const { app, config } = await startApp(t, { settings, clock: () => clock.now })
const { register, challengeOf, answer, nextCode } = factored(app, clock)
const [current, old] = config.secrets as [(typeof config.secrets)[number], (typeof config.secrets)[number]]
const [before, after] = [sealTotpSecrets([old]), sealTotpSecrets([current])]

async function rows() {
  const found = await app.db.selectFrom('totp_factors').select(['user_id', 'secret']).orderBy('user_id').execute()
  // The embedded database gives plain arrays.
  return found.map(({ user_id, secret }) => ({ user_id, secret: Buffer.from(secret) }))
}
const rowOf = async (id: string) => (await rows()).find(({ user_id }) => user_id === id)?.secret as Buffer

/** Users whose secrets the older secret sealed. */
async function registerEarlier(count: number) {
  const users = []
  while (users.length < count) users.push(await register())
  for (const { id } of users) {
    const { bytes } = after.unseal(await rowOf(id), id) as Unsealed
    await app.db
      .updateTable('totp_factors')
      .set({ secret: before.seal(bytes, id) })
      .where('user_id', '=', id)
      .execute()
  }
  return users
}

test('a TOTP secret sealed under an earlier service secret works, and its use seals it under the current one', async (t) => {
  const [ann] = await registerEarlier(1)
  if (!ann) return
  t.equal(after.unseal(await rowOf(ann.id), ann.id), undefined)
  t.equal((await answer(await challengeOf(ann.email), nextCode(ann.secret))).statusCode, 200)
  t.ok(after.unseal(await rowOf(ann.id), ann.id))
  t.equal((await answer(await challengeOf(ann.email), nextCode(ann.secret))).statusCode, 200)
})

test('all TOTP secrets are sealed again in batches, except those that no configured secret opens', async (t) => {
  const users = await registerEarlier(5)
  const [lost] = users
  const foreign = sealTotpSecrets([{ kid: '0', secret: `lost-${serviceSecret}` }]).seal(
    Buffer.alloc(20),
    lost?.id ?? ''
  )
  await app.db
    .updateTable('totp_factors')
    .set({ secret: foreign })
    .where('user_id', '=', lost?.id ?? '')
    .execute()
  await resealTotpSecrets(app.db, config.secrets, 1)
  for (const { user_id, secret } of await rows()) {
    if (user_id === lost?.id) t.strictSame(secret, foreign)
    else t.ok(after.unseal(secret, user_id))
  }
  const sealed = await rows()
  await resealTotpSecrets(app.db, config.secrets)
  t.strictSame(await rows(), sealed, 'once')
})

test('the hourly housekeeping seals TOTP secrets under the current service secret', async (t) => {
  const [ann] = await registerEarlier(1)
  await deleteExpired(app.db, config)
  t.ok(ann && after.unseal(await rowOf(ann.id), ann.id))
})

test('with a single service secret no TOTP secret is sealed again, and there is no query', async (t) => {
  const sealed = await rows()
  const queriesOf = countQueries(t, app)
  t.equal(await queriesOf(() => resealTotpSecrets(app.db, [current])), 0)
  t.strictSame(await rows(), sealed)
})

test('a TOTP secret that an earlier release sealed opens', (t) => {
  const sealing = sealTotpSecrets([{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }])
  const sealed = Buffer.from('psJDKzLlsjgWSHSTE_pX279-jwy6XbdyfEz0wTnk3_WalBMEA4MckeyPUQIOdGBXdsH1iQ', 'base64url')
  const opened = sealing.unseal(sealed, 'd6c6f6f0-6f0c-4a3e-9a0e-0a4f3f0f6b11')
  t.equal(String(opened?.bytes), '12345678901234567890')
  t.end()
})

test('sealing again does not overwrite a TOTP secret that was replaced meanwhile', async (t) => {
  const [ann] = await registerEarlier(1)
  const id = ann?.id ?? ''
  const { bytes } = before.unseal(await rowOf(id), id) as Unsealed
  const fresh = after.seal(bytes, id)
  const factors = factorsRepository(app.db)
  await factors.replaceSecret(id, Buffer.from('what stood there'), fresh)
  t.notSame(await rowOf(id), fresh)
  await factors.replaceSecret(id, await rowOf(id), fresh)
  t.same(await rowOf(id), fresh)
})
