import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { claimsOf } from '../helpers/factors.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp, anyone } = await startApp(t)
const setRole = async (id: string, role: 'user' | 'admin') => {
  await app.db.updateTable('users').set({ role }).where('id', '=', id).execute()
  await app.revocations.catchUp()
}

test('a change of the role ends every session, also by SQL, and the next login has the new one', async (t) => {
  const ann = await signUp()
  t.equal(claimsOf(ann.token).role, 'user')
  for (const role of ['admin', 'user'] as const) {
    const before = (await anyone.post('/api/auth/login', { email: ann.email, password })).json()
    await setRole(ann.id, role)
    refused(t, await caller(app, before.access_token).get('/api/auth/me'), 'token_revoked', role)
    refused(t, await anyone.post('/api/auth/refresh', { refresh_token: before.refresh_token }), 'invalid_token', role)
    const after = (await anyone.post('/api/auth/login', { email: ann.email, password })).json()
    t.equal(after.user.role, role)
    const refreshed = (await anyone.post('/api/auth/refresh', { refresh_token: after.refresh_token })).json()
    const signedIn = caller(app, refreshed.access_token)
    const raised = (await signedIn.post('/api/auth/step-up', { password })).json()
    for (const { access_token } of [after, refreshed, raised]) t.equal(claimsOf(access_token).role, role)
  }
})

test('setting the role that a user has ends nothing', async (t) => {
  const ann = await signUp()
  await setRole(ann.id, 'user')
  t.equal((await ann.get('/api/auth/me')).statusCode, 200)
})

test('a login at the same time as a demotion leaves no session of an admin', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < 5; i++) {
    await setRole(ann.id, 'admin')
    const logins = Array.from({ length: 4 }, () => anyone.post('/api/auth/login', { email: ann.email, password }))
    const [opened] = await Promise.all([Promise.all(logins), setRole(ann.id, 'user')])
    await app.revocations.catchUp()
    for (const answer of opened) {
      const { access_token } = answer.json()
      if (claimsOf(access_token).role === 'admin')
        refused(t, await caller(app, access_token).get('/api/auth/me'), 'token_revoked', `login ${i}`)
    }
  }
  t.pass('tried')
})
