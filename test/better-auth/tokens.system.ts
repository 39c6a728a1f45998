import { decodeJwt as claimsOf, decodeProtectedHeader as headerOf, SignJWT } from 'jose'
import t, { test } from 'tap'
import { caller, secret, startApp } from '../helpers/app.ts'
import { betterAuthServers } from '../helpers/better-auth.ts'
import { seconds } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'

const start = await betterAuthServers(t)
const main = await start()
const servers = {
  'EdDSA, ids of 32 characters': main,
  'ES256, UUIDs': await start({ algorithm: 'ES256', ids: 'uuid' }),
  'ES512, serial ids': await start({ algorithm: 'ES512', ids: 'serial' }),
  PS256: await start({ algorithm: 'PS256' }),
  RS256: await start({ algorithm: 'RS256' })
}
const twins = [await start({ ids: 'serial' }), await start({ ids: 'serial' })] as const
const { app, lines } = await startApp(t, {
  settings: {
    BETTER_AUTH_URL: main.url,
    TRUSTED_ISSUERS: JSON.stringify([...Object.values(servers).slice(1), ...twins].map(({ trusted }) => trusted))
  }
})
const rowOf = (issuer: string, subject: string) =>
  app.db.selectFrom('users').selectAll().where('issuer', '=', issuer).where('subject', '=', subject).execute()

for (const [name, server] of Object.entries(servers))
  test(`${name}: a user of a Better Auth server is a user here, with the token that a front end gets`, async (t) => {
    const ann = await server.signUp()
    const token = await ann.token()
    const claims = claimsOf(token)
    t.strictSame([headerOf(token).alg], server.trusted.algorithms)
    t.strictSame([claims.iss, claims.aud, claims.sub], [server.url, server.url, ann.id])

    const queriesOf = countQueries(t, app)
    const here = caller(app, token)
    const answers: { user_id: string }[] = []
    const ask = () => queriesOf(async () => answers.push((await here.get('/api/auth/me')).json()))
    t.equal(await ask(), 1, 'first sight takes one statement')
    t.equal(await ask(), 0, 'later ones none')
    const [me, again] = answers
    t.match(me, { email: ann.email, expires_at: new Date(Number(claims.exp) * 1000).toISOString() })
    t.strictSame(again, me)

    t.match(await rowOf(server.url, ann.id), [{ id: me?.user_id, email: ann.email, name: 'Somebody' }])
    t.equal((await here.post('/api/tasks', { title: 'mine' })).statusCode, 201)
    t.match((await here.get('/api/tasks')).json().items, [{ title: 'mine' }])
    t.equal((await caller(app, await ann.token()).get('/api/tasks')).json().items.length, 1, 'with the next token too')
  })

test('two servers with equal key ids, user ids and addresses have separate users and tasks', async (t) => {
  const email = 'same@example.com'
  const [one, two] = [await twins[0].signUp(email), await twins[1].signUp(email)]
  const [ann, eve] = [caller(app, await one.token()), caller(app, await two.token())]
  t.strictSame([one.id, headerOf(await one.token())], [two.id, headerOf(await two.token())])

  const { id } = (await ann.post('/api/tasks', { title: 'secret' })).json()
  t.strictSame((await eve.get('/api/tasks')).json().items, [])
  t.equal((await eve.get(`/api/tasks/${id}`)).statusCode, 404)
  const annId = (await ann.get('/api/auth/me')).json().user_id
  t.not((await eve.get('/api/auth/me')).json().user_id, annId)
  t.equal((await eve.get(`/api/users/${annId}/tasks`)).statusCode, 403)

  const pretending = await twins[1].sign({ sub: one.id, email, iat: seconds(), iss: twins[0].url, aud: twins[0].url })
  refused(t, await caller(app, pretending).get('/api/tasks'), 'invalid_token', "in the other's name")
  t.equal(lines.at(-1)?.refusal, 'signature')
})

test('a bridge token with the shared secret belongs to the same user of the server', async (t) => {
  const ann = await main.signUp()
  const { user_id } = (await caller(app, await ann.token()).get('/api/auth/me')).json()
  const mint = (claims: Record<string, unknown>, life: string) =>
    new SignJWT({ email: ann.email, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime(life)
      .sign(new TextEncoder().encode(secret))
  for (const token of [
    await mint({ sub: ann.id }, '15m'),
    await mint({ sub: ann.id, iss: main.url, aud: main.url }, '7d'),
    await mint({ user_id: ann.id, name: 'Ann' }, '1h')
  ])
    t.equal((await caller(app, token).get('/api/auth/me')).json().user_id, user_id)
  const long = await mint({ sub: ann.id }, '8d')
  refused(t, await caller(app, long).get('/api/auth/me'), 'invalid_token', 'for eight days')
})

test('after a logout here, tokens of the other server are refused', async (t) => {
  const ann = await main.signUp()
  const bob = await main.signUp()
  const [token, tokenOfBob] = [await ann.token(), await bob.token()]
  t.equal((await caller(app, token).post('/api/auth/logout')).statusCode, 200)
  for (const url of ['/api/auth/me', '/api/tasks']) refused(t, await caller(app, token).get(url), 'token_revoked', url)
  t.equal((await caller(app, tokenOfBob).get('/api/auth/me')).statusCode, 200, "and nobody else's")
})
