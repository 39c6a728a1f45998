import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { countQueries } from '../helpers/queries.ts'

const { app, anyone } = await startApp(t)

test('a refresh token that was never given costs what one of an ended session does, so that time tells nothing', async (t) => {
  const account = { email: 'ann@example.com', name: 'Ann', password: 'correct-horse-7' }
  const { refresh_token: ended, access_token } = (await anyone.post('/api/auth/register', account)).json()
  await anyone.post('/api/auth/logout', undefined, { headers: { authorization: `Bearer ${access_token}` } })
  const queries = countQueries(t, app)
  const costs: [string, number][] = []
  for (const refresh_token of [ended, 'A'.repeat(ended.length), ended.slice(0, -1), 'x']) {
    queries()
    const answer = await anyone.post('/api/auth/refresh', { refresh_token })
    costs.push([answer.json().code, queries()])
  }
  t.strictSame(costs, Array(4).fill(['invalid_token', 2]))
})
