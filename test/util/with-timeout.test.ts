import { test } from 'tap'
import { withTimeout } from '../../src/util/with-timeout.ts'

test('an answer in time is given, and a failure too', async (t) => {
  t.equal(await withTimeout(60_000, Promise.resolve('yes')), 'yes')
  await t.rejects(withTimeout(60_000, Promise.reject(new Error('no'))), { message: 'no' })
})

test('an answer that does not come is not waited for', async (t) => {
  await t.rejects(withTimeout(1, new Promise(() => {})), { message: 'no answer within 1 ms' })
})
