import t, { test } from 'tap'
import { tasks } from '../../src/product/tasks.ts'
import { attack, buildTestApp } from '../../src/testing/index.ts'

const kit = await buildTestApp(tasks, { databaseUrl: process.env.TEST_DATABASE_URL })
t.teardown(kit.close)

test('no attack of the test kit finds a fault of the tasks', async (t) => {
  const owner = await kit.signUp()
  const { id } = (await owner.post('/api/tasks', { title: 'hers' })).json()
  const at = (prefix: string, real: string) => ({
    [`${prefix}/{id}`]: `${real}/${id}`,
    [`${prefix}/{id}/complete`]: `${real}/${id}/complete`
  })
  const named = `/api/users/${owner.id}/tasks`
  const urls = {
    ...at('/api/tasks', '/api/tasks'),
    ...at('/api/users/{user_id}/tasks', named),
    '/api/users/{user_id}/tasks': named
  }
  t.strictSame(await attack(kit, { owner, scopes: tasks.scopes, urls }), [])
})
