import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Test, test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { lockDirectory } from '../../src/database/directory-lock.ts'
import { createLog } from '../../src/logging/log.ts'
import '../helpers/without-database.ts'

const module = new URL('../../src/database/directory-lock.ts', import.meta.url).href

/** Another process that holds the lock until it is killed. */
async function holder(t: Test, directory: string) {
  const program = `
    import { lockDirectory } from ${JSON.stringify(module)}
    lockDirectory(${JSON.stringify(directory)})
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(createInterface(child.stdout), 'line')
  return child
}

test('a second process is refused with the pid of the first, and succeeds after the first is killed', async (t) => {
  const directory = join(t.testdir(), 'data')
  const first = await holder(t, directory)
  t.throws(() => lockDirectory(directory), { message: new RegExp(`in use by the process with pid ${first.pid}\\.`) })
  t.throws(() => lockDirectory(directory), { message: /DATA_DIR or a DATABASE_URL/ }, 'a refusal does not loosen it')
  first.kill('SIGKILL')
  await once(first, 'exit')
  lockDirectory(directory).release()
})

test('a released lock can be taken again', async (t) => {
  const directory = t.testdir()
  const { release } = lockDirectory(directory)
  t.throws(() => lockDirectory(directory), { message: new RegExp(`pid ${process.pid}\\.`) })
  release()
  lockDirectory(directory).release()
})

test('a holder without a pid file still holds the lock', async (t) => {
  const directory = t.testdir()
  const { release } = lockDirectory(directory)
  rmSync(join(directory, 'gatehouse.pid'))
  t.throws(() => lockDirectory(directory), { message: /pid unknown/ })
  release()
})

test('files of a dead process do not block the lock', async (t) => {
  const directory = t.testdir({ 'gatehouse.pid': '1\n', 'gatehouse.lock': '' })
  const lock = lockDirectory(directory)
  t.throws(() => lockDirectory(directory), { message: new RegExp(`pid ${process.pid}\\.`) }, 'it is held now')
  lock.release()
})

test('other errors of the lock are reported as they are', async (t) => {
  const directory = t.testdir()
  writeFileSync(join(directory, 'gatehouse.lock'), 'not a database '.repeat(100))
  t.throws(() => lockDirectory(directory), { message: /not a database/ })
})

test('an embedded database holds the lock from its first query until it is closed', async (t) => {
  const dataDir = t.testdir()
  const open = () => openDatabase({ databaseUrl: undefined, dataDir }, createLog('silent'))
  const [first, second] = [open(), open()]
  const ask = (db: typeof first) => db.selectNoFrom((eb) => eb.lit(1).as('one')).execute()
  await ask(first)
  await t.rejects(ask(second), { message: new RegExp(`pid ${process.pid}\\.`) })
  await first.destroy()
  const third = open()
  t.strictSame(await ask(third), [{ one: 1 }])
  await third.destroy()
})
