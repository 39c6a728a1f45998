import { test } from 'tap'
import { withTimeout } from '../../src/util/with-timeout.ts'

test('withTimeout settles like the promise if that settles in time', async (t) => {
  t.equal(await withTimeout(60_000, Promise.resolve('yes')), 'yes')
  await t.rejects(withTimeout(60_000, Promise.reject(new Error('no'))), { message: 'no' })
})

test('withTimeout rejects after the timeout', async (t) => {
  await t.rejects(withTimeout(1, new Promise(() => {})), { message: 'no answer within 1 ms' })
})
