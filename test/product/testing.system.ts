import { test } from 'tap'
import { buildTestApp } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

test('a test app with a data directory of its own keeps its database there', async (t) => {
  const settings = { DATA_DIR: t.testdir() }
  const first = await buildTestApp(product, { settings })
  await first.signUp({ email: 'ann@example.com' })
  await first.close()
  const again = await buildTestApp(product, { settings })
  t.teardown(again.close)
  await t.rejects(again.signUp({ email: 'ann@example.com' }), /cannot register/)
})
