import { decodeJwt as claimsOf, decodeProtectedHeader as headerOf } from 'jose'
import t, { type Test, test } from 'tap'
import { caller, startApp } from '../helpers/app.ts'
import { type BetterAuth, betterAuthServers } from '../helpers/better-auth.ts'
import { seconds } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

const start = await betterAuthServers(t)
const main = await start()
const caches = {
  compact: await start({ cache: 'compact', beside: main }),
  jwe: await start({ cache: 'jwe', beside: main }),
  jwt: await start({ cache: 'jwt', beside: main }),
  keys: await start({ cache: 'keys', beside: main })
}
const stranger = await start()
const { app, lines } = await startApp(t, {
  settings: {
    BETTER_AUTH_URL: main.url,
    TRUSTED_ISSUERS: JSON.stringify(Object.values(caches).map(({ trusted }) => trusted))
  }
})
const me = (token: string) => caller(app, token).get('/api/auth/me')

/** Checks that a token is refused for the expected reason. */
async function refuses(t: Test, token: string, reason: string | RegExp, what: string) {
  refused(t, await me(token), 'invalid_token', what)
  t.match(lines.at(-1)?.refusal, reason, what)
}

/** A new user of a server whose token is accepted, so that only the variations matter. */
async function browser(t: Test, server: BetterAuth) {
  const user = await server.signUp()
  t.equal((await me(await user.token())).statusCode, 200, 'the token itself passes')
  return user
}

test("Better Auth's session cookie cache is refused as a token, in each of its formats", async (t) => {
  const reasons = { compact: 'not three segments', jwe: 'not three segments', jwt: 'not a login', keys: 'audience' }
  for (const kind of ['compact', 'jwe', 'jwt', 'keys'] as const) {
    const { cookies } = await browser(t, caches[kind])
    const cookie = cookies.get('better-auth.session_data') ?? ''
    t.ok(cookie.length > 200, kind)
    await refuses(t, cookie, reasons[kind], kind)
    if (kind === 'jwt') t.match(headerOf(cookie), { alg: 'HS256' })
    if (kind === 'keys') t.match(headerOf(cookie), { alg: 'EdDSA', typ: 'better-auth.session-cache+jwt' })
  }
})

test('the token of a Better Auth mail link is refused as an access token', async (t) => {
  const user = await browser(t, main)
  const [verify = ''] = main.mails.splice(0)
  await user.call('/change-email', { newEmail: 'first@example.com' })
  const [change = ''] = main.mails.splice(0)
  await user.call(`/verify-email?token=${verify}`)
  await user.call('/change-email', { newEmail: 'second@example.com' })
  const [confirm = ''] = main.mails.splice(0)
  t.match(claimsOf(verify), { email: user.email })
  t.match(claimsOf(change), { updateTo: 'first@example.com', requestType: 'change-email-verification' })
  t.match(claimsOf(confirm), { updateTo: 'second@example.com', requestType: 'change-email-confirmation' })
  await refuses(t, verify, 'no user_id', 'to verify the address')
  await refuses(t, change, 'not a login', 'to verify another address')
  await refuses(t, confirm, 'not a login', 'to confirm the change')
})

test('neither the opaque session token nor its signed form is an access token', async (t) => {
  const user = await browser(t, main)
  t.match(user.bearerToken, user.sessionToken)
  for (const token of [user.sessionToken, user.bearerToken, user.cookies.get('better-auth.session_token') ?? ''])
    await refuses(t, token, 'not three segments', token)
})

test('tokens for another audience and of an untrusted server are refused', async (t) => {
  const user = await browser(t, main)
  const claims = { sub: user.id, email: user.email, iat: seconds() }
  t.equal((await me(await main.sign(claims))).statusCode, 200)
  const other = 'https://other.example.com'
  for (const aud of [[main.url], [other, main.url]])
    t.equal((await me(await main.sign({ ...claims, aud }))).statusCode, 200, `for ${JSON.stringify(aud)}`)
  const cache = 'better-auth:session-cache'
  for (const aud of [other, `${main.url}/`, '', [], [other], [`${main.url}/`], [main.url, cache]])
    await refuses(t, await main.sign({ ...claims, aud }), 'audience', `for ${JSON.stringify(aud)}`)
  await refuses(t, await main.sign({ ...claims, iss: caches.jwt.url }), 'audience', 'in the name of a sister')
  await refuses(t, await (await stranger.signUp()).token(), 'algorithm', 'of a stranger')
  await refuses(t, await stranger.sign({ ...claims, iss: main.url, aud: main.url }), 'unknown kid', 'in our name')
})
