import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'

const { app, signUp, anyone } = await startApp(t)

test('a profile can be read and renamed', async (t) => {
  const ann = await signUp()
  const before = (await ann.get('/api/auth/profile')).json()
  t.match(before, { id: ann.id, email: ann.email, name: 'Somebody', is_active: true })

  const after = (await ann.put('/api/auth/profile', { name: 'Ann' })).json()
  t.equal(after.name, 'Ann')
  t.ok(after.updated_at > before.updated_at, 'the time of the change moves')
  t.strictSame((await ann.get('/api/auth/profile')).json(), after)

  const future = new Date(Date.now() + 3_600_000).toISOString()
  await app.db.updateTable('users').set({ updated_at: future }).where('id', '=', ann.id).execute()
  const { updated_at } = (await ann.put('/api/auth/profile', { name: 'Ann' })).json()
  t.ok(updated_at > future, 'also after a change of a process whose clock is ahead, or of the same millisecond')
})

test('blanks around a name are removed, at registration and later', async (t) => {
  const sent = { email: 'bea@example.com', name: ' Bea B. \n', password }
  t.match((await anyone.post('/api/auth/register', sent)).json(), { user: { name: 'Bea B.' } })
  const ann = await signUp()
  t.match((await ann.put('/api/auth/profile', { name: '\u{3000}Ann ' })).json(), { name: 'Ann' })
})

test('an empty name is refused and nothing changes', async (t) => {
  const ann = await signUp()
  for (const name of ['', '   ', 5, null, 'x'.repeat(101), 'a\0b', '\ud800']) {
    const answer = await ann.put('/api/auth/profile', { name })
    t.equal(answer.statusCode, 400, JSON.stringify(name))
    t.equal(answer.json().errors[0].pointer, '/name')
  }
  t.equal((await ann.get('/api/auth/profile')).json().name, 'Somebody')
})
