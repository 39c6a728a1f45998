import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'tap'
import { buildTestApp } from '../../src/testing/index.ts'
import { startPostgres, withoutPostgres } from '../helpers/servers.ts'
import { onServer } from '../helpers/template.ts'
import { installing } from '../helpers/wait.ts'
import '../helpers/without-database.ts'
import { product } from './notes/product.ts'

test('a test app on PostgreSQL has a database of its own, and removes it', { skip: withoutPostgres }, async (t) => {
  const { url, remove } = await startPostgres()
  t.teardown(remove)
  const databases = async () =>
    (await onServer("select from pg_database where datname like 'gatehouse_test_%'", url)).rows.length
  const { signUp, close } = await buildTestApp(product, { databaseUrl: url })
  t.equal(await databases(), 1)
  const ann = await signUp()
  t.equal((await ann.post('/api/notes', { text: 'Kept' })).statusCode, 201)
  await close()
  t.equal(await databases(), 0)
})

test('a process ends by itself once its test apps are closed, although the engine stays open', async (t) => {
  const kit = new URL('../../src/testing/index.ts', import.meta.url)
  const script = `const { buildTestApp } = await import('${kit}')
    await (await buildTestApp()).close()
    console.log('closed')`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: installing })
  t.equal(stdout, 'closed\n')
})

test('a test app with a data directory of its own keeps its database there', async (t) => {
  const settings = { DATA_DIR: t.testdir() }
  const first = await buildTestApp(product, { settings })
  await first.signUp({ email: 'ann@example.com' })
  await first.close()
  const again = await buildTestApp(product, { settings })
  t.teardown(again.close)
  await t.rejects(again.signUp({ email: 'ann@example.com' }), /cannot register/)
})
