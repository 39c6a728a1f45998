import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { hostileTokens } from '../helpers/hostile-tokens.ts'
import { bridgeToken, ourToken, seconds } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'
import { type Code, refused } from '../helpers/refused.ts'

const { app, lines, anyone } = await startApp(t)

test('the valid tokens that hostile ones are derived from are accepted', async (t) => {
  for (const token of [ourToken(), bridgeToken()]) {
    const answer = await anyone.get('/api/auth/me', undefined, { headers: { authorization: `Bearer ${token}` } })
    t.equal(answer.statusCode, 200)
    t.equal(answer.json().email, 'ann@example.com')
  }
})

test('no hostile token passes, reaches the database or is logged', async (t) => {
  const queriesOf = countQueries(t, app)
  const tryAll = async () => {
    for (const [name, token] of Object.entries(hostileTokens)) {
      const headers = { authorization: `Bearer ${token}` }
      refused(t, await anyone.get('/api/auth/me', undefined, { headers }), 'invalid_token', name)
      const { refusal, status } = lines.at(-1) ?? {}
      t.ok(refusal && status === 401, `${name}: logged as ${refusal}`)
    }
  }
  t.equal(await queriesOf(tryAll), 0)
  const log = JSON.stringify(lines)
  for (const token of Object.values(hostileTokens)) if (token.length > 9) t.notOk(log.includes(token.slice(-40)))
  t.ok(Object.keys(hostileTokens).length >= 80)
})

test('an expired token is reported as expired only if nothing else is wrong with it', async (t) => {
  const queriesOf = countQueries(t, app)
  const past = { iat: seconds() - 100, exp: seconds() - 1 }
  const tokens = {
    token_expired: [ourToken(past), ourToken({ ...past, exp: seconds() }), bridgeToken(past)],
    invalid_token: [`${ourToken(past).slice(0, -4)}AAAA`, ourToken({ ...past, aud: 'another' })]
  } as const
  const tryAll = async () => {
    for (const code of ['token_expired', 'invalid_token'] as const)
      for (const token of tokens[code]) {
        const headers = { authorization: `Bearer ${token}` }
        refused(t, await anyone.get('/api/auth/me', undefined, { headers }), code, `an expired token, ${code}`)
      }
  }
  t.equal(await queriesOf(tryAll), 0)
})

test('the Authorization header is parsed exactly as RFC 6750 says', async (t) => {
  const token = ourToken()
  const forms: Record<string, Code | 200> = {
    '': 'not_authenticated',
    ' ': 'not_authenticated',
    Bearer: 'not_authenticated',
    'Bearer ': 'not_authenticated',
    'Basic x': 'not_authenticated',
    'Basic YW5uOnNlY3JldA==': 'not_authenticated',
    [`Token ${token}`]: 'not_authenticated',
    [`Bearer${token}`]: 'not_authenticated',
    [`Bearer=${token}`]: 'not_authenticated',
    [` Bearer ${token}`]: 'not_authenticated',
    [`DPoP ${token}`]: 'not_authenticated',
    [`Basic x, Bearer ${token}`]: 'not_authenticated',
    [token]: 'not_authenticated',
    'Bearer x': 'invalid_token',
    'Bearer null': 'invalid_token',
    'Bearer undefined': 'invalid_token',
    [`Bearer\t${token}`]: 'invalid_token',
    [`Bearer\u00a0${token}`]: 'invalid_token',
    [`Bearer ${token},${token}`]: 'invalid_token',
    [`Bearer ${token}, Bearer ${token}`]: 'invalid_token',
    [`Bearer "${token}"`]: 'invalid_token',
    [`Bearer ${token} extra`]: 'invalid_token',
    [`Bearer ${token} `]: 'invalid_token',
    [`Bearer Bearer ${token}`]: 'invalid_token',
    [`Bearer realm="x" token="${token}"`]: 'invalid_token',
    [`Bearer ${token}`]: 200,
    [`bearer ${token}`]: 200,
    [`BEARER ${token}`]: 200,
    [`Bearer  ${token}`]: 200
  }
  for (const [authorization, expected] of Object.entries(forms)) {
    const answer = await anyone.get('/api/auth/me', undefined, { headers: { authorization } })
    const what = JSON.stringify(authorization.replaceAll(token, '<token>'))
    if (expected === 200) t.equal(answer.statusCode, 200, what)
    else refused(t, answer, expected, what)
  }
})

test('a token outside the Authorization header is ignored', async (t) => {
  const token = ourToken()
  for (const name of ['access_token', 'token', 'authorization', 'better-auth.session_token']) {
    const inUrl = await anyone.get(`/api/auth/me?${name}=${token}`)
    refused(t, inUrl, 'not_authenticated', `${name} in the URL`)
    const inCookie = await anyone.get('/api/auth/me', undefined, { headers: { cookie: `${name}=${token}` } })
    refused(t, inCookie, 'not_authenticated', `${name} in a cookie`)
    const inHeader = await anyone.get('/api/auth/me', undefined, { headers: { [`x-${name}`]: token } })
    refused(t, inHeader, 'not_authenticated', `${name} in another header`)
  }
  const inBody = await anyone.post('/api/auth/logout', { access_token: token })
  refused(t, inBody, 'not_authenticated', 'in the body')
})
