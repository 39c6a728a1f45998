import { test } from 'tap'
import { createPatience } from '../../src/redis/patience.ts'

const never = new Promise<never>(() => {})

test('what does not come is not waited for', async (t) => {
  const patiently = createPatience(5)
  const waiting = [patiently(never), patiently(never)]
  t.equal(await patiently(Promise.resolve(1)), 1)
  await t.rejects(patiently(Promise.reject(new Error('broken'))), { message: 'broken' })
  for (const one of waiting) await t.rejects(one, { message: 'no answer in 5 ms' })
  await t.rejects(patiently(never))
})

test('who was too busy to look has not waited', async (t) => {
  const patiently = createPatience(5)
  const answer = patiently(new Promise((resolve) => setImmediate(resolve, 'here')))
  for (const end = performance.now() + 50; performance.now() < end; );
  t.equal(await answer, 'here')
})
