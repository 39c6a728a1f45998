import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken, seconds } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp, anyone } = await startApp(t)
const setActive = async (id: string, is_active: boolean) => {
  await app.db.updateTable('users').set({ is_active }).where('id', '=', id).execute()
  await app.revocations.catchUp()
}

test('a deactivated account refuses every token, until it is activated again', async (t) => {
  const ann = await signUp()
  const login = () => anyone.post('/api/auth/login', { email: ann.email, password })
  const { access_token, refresh_token } = (await login()).json()
  await setActive(ann.id, false)
  for (const token of [ann.token, access_token])
    for (const url of ['/api/auth/me', '/api/tasks'])
      refused(t, await caller(app, token).get(url), 'token_revoked', url)
  const refresh = () => anyone.post('/api/auth/refresh', { refresh_token })
  refused(t, await refresh(), 'invalid_token', 'the refresh token')
  t.equal((await login()).statusCode, 401)

  await setActive(ann.id, true)
  refused(t, await ann.get('/api/auth/me'), 'token_revoked', 'what has ended stays so')
  refused(t, await refresh(), 'invalid_token', 'what has ended stays so')
  const { access_token: token } = (await login()).json()
  t.equal((await caller(app, token).get('/api/auth/me')).statusCode, 200)
})

test('a deactivated account of a foreign user refuses every token, too', async (t) => {
  const by = (iat: number) => caller(app, bridgeToken({ sub: 'fay', iat }))
  const old = by(seconds() - 60)
  const id = (await old.get('/api/auth/me')).json().user_id
  await setActive(id, false)
  for (const who of [old, by(seconds()), by(seconds() + 30)])
    for (const url of ['/api/auth/me', '/api/tasks']) refused(t, await who.get(url), 'token_revoked', url)

  await setActive(id, true)
  refused(t, await old.get('/api/auth/me'), 'token_revoked', 'what has ended stays so')
  t.equal((await by(seconds() + 30).get('/api/auth/me')).json().user_id, id)
})

test('other changes of an account end no session', async (t) => {
  const ann = await signUp()
  await app.db.updateTable('users').set({ name: 'Ann', is_active: true }).where('id', '=', ann.id).execute()
  await app.revocations.catchUp()
  t.equal((await ann.get('/api/auth/me')).statusCode, 200)
})
