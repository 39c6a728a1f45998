import { decodeProtectedHeader as headerOf } from 'jose'
import t, { test } from 'tap'
import { createIssuer } from '../../src/auth/tokens/issuers.ts'
import { createVerifier } from '../../src/auth/tokens/verifier.ts'
import { loadConfig } from '../../src/config/config.ts'
import { accessTokens } from '../helpers/access-tokens.ts'
import { secret } from '../helpers/app.ts'
import { betterAuthServers } from '../helpers/better-auth.ts'
import { captureLog } from '../helpers/log.ts'
import { segment } from '../helpers/mint.ts'
import '../helpers/without-database.ts'

/** Milliseconds between two fetches for an unknown key, and until keys are fetched again. */
const [fetchPause, refreshAfter] = [30_000, 10 * 60_000]

const start = await betterAuthServers(t)

test('a rotated key is used without a restart, and a removed key is refused', async (t) => {
  const server = await start()
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BETTER_AUTH_URL: server.url })
  let elapsed = 0
  const issuers = config.issuers.map((trusted) => {
    const issuer = createIssuer(trusted, captureLog().log, { clock: Date.now, elapsed: () => elapsed })
    return [trusted.issuer, issuer] as const
  })
  const verify = createVerifier(await accessTokens(config), new Map(issuers), Date.now)
  const subject = async (token: string) => (await verify(token))?.subject
  /** Expires the key. The server creates another one, and publishes the old one for thirty more days. */
  const end = (daysAgo: number) =>
    server.keys.updateTable('jwks').set({ expiresAt: new Date(Date.now() - daysAgo * 86_400_000) })

  const ann = await server.signUp()
  const old = await ann.token()
  t.equal(await subject(old), ann.id)
  await end(1).execute()
  const fresh = await ann.token()
  t.not(headerOf(fresh).kid, headerOf(old).kid)

  await t.rejects(subject(fresh), { code: 'invalid_token', reason: 'unknown kid' }, 'keys were fetched a moment ago')
  elapsed += fetchPause
  t.equal(await subject(fresh), ann.id)
  t.equal(await subject(old), ann.id, 'the old key is published still')

  await end(31)
    .where('id', '=', String(headerOf(old).kid))
    .execute()
  elapsed += refreshAfter + 1
  t.equal(await subject(old), ann.id, 'the first token after that time has the keys looked at anew')
  await t.rejects(
    subject(fresh.replace(/^[^.]+/, segment({ alg: 'EdDSA', kid: 'x' }))),
    'one of no known key waits for that'
  )
  await t.rejects(subject(old), { code: 'invalid_token', reason: 'unknown kid' })
  t.equal(await subject(fresh), ann.id)
})
