import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { tasks } from '../../src/product/tasks.ts'

const load = (settings: Record<string, string>) =>
  loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', ...settings }, [], tasks.settings).settings

test('the default quota is 100,000 tasks with 256 MiB of text', async (t) => {
  t.strictSame(load({}), { TASKS_PER_USER: 100_000, TASK_BYTES_PER_USER: 256 * 1024 * 1024 })
  t.strictSame(load({ TASKS_PER_USER: '1', TASK_BYTES_PER_USER: '1000000' }), {
    TASKS_PER_USER: 1,
    TASK_BYTES_PER_USER: 1_000_000
  })
})

test('quotas may be set up to the maximum that the error message names', async (t) => {
  const largest = { TASKS_PER_USER: '1000000000', TASK_BYTES_PER_USER: '1000000000000' }
  t.strictSame(load(largest), { TASKS_PER_USER: 1e9, TASK_BYTES_PER_USER: 1e12 })
})

for (const name of ['TASKS_PER_USER', 'TASK_BYTES_PER_USER'])
  test(`${name} out of range is refused by name`, async (t) => {
    for (const value of ['0', '-1', '1e5', '256MiB', '1000000000001'])
      t.throws(() => load({ [name]: value }), { message: new RegExp(`^  - ${name}: `, 'm') }, value)
  })
