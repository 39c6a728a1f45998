import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'
import { Domain } from './error-domain.ts'
import './without-database.ts'

const source = `
  import { once } from 'node:events'
  import { connect, createServer } from 'node:net'
  import t from 'tap'

  const fail = (text) => { throw new Error(text) }
  const never = new Promise(() => {})
  const bounds = { timeout: 10_000 }
  t.test('timer', bounds, () => { setTimeout(fail, 1, 'of a timer'); return never })
  t.test('rejection', bounds, () => { Promise.reject(new Error('of a promise')); return never })
  t.test('socket', bounds, async () => {
    const server = createServer((socket) => { socket.destroy(); server.close(); fail('of a socket') }).listen(0)
    await once(server, 'listening')
    connect(server.address().port)
    await never
  })
  t.test('outer', bounds, async (t) => {
    t.test('inner', () => { queueMicrotask(() => fail('of a microtask')); return never })
  })
  t.test('over', async (t) => { setTimeout(fail, 1, 'of the past'); t.pass('before') })
  t.test('listening', bounds, async (t) => {
    const taken = new Promise((resolve) => process.once('uncaughtException', resolve))
    setImmediate(fail, 'of a listener')
    t.match(await taken, { message: 'of a listener' })
  })
  t.test('sound', async (t) => t.pass('after'))
`

test('every test of a run has an error domain', async (t) => {
  t.ok((t.hookDomain as unknown) instanceof Domain)
})

test("an error outside of a test's promise fails the test that caused it, and the others continue", (t) => {
  const folder = t.testdir({ 'errors.ts': source })
  const preload = `--import=${join(import.meta.dirname, 'error-domain.ts')}`
  const { status, stdout } = spawnSync(process.execPath, [preload, join(folder, 'errors.ts')], {
    encoding: 'utf8',
    env: { ...process.env, TAP: '1' }
  })
  t.equal(status, 1)
  const running = ['the file']
  const failed: string[] = []
  for (const [, indent = '', name, error] of stdout.matchAll(/^( *)(?:# Subtest: (.+)|not ok \d+ - (of .+))$/gm)) {
    const depth = indent.length / 4
    if (name) running.splice(depth + 1, running.length, name)
    else failed.push(`${running[depth]}: ${error}`)
  }
  t.strictSame(failed, [
    'timer: of a timer',
    'rejection: of a promise',
    'socket: of a socket',
    'inner: of a microtask',
    'the file: of the past'
  ])
  t.match(stdout, /^ok \d+ - listening/m)
  t.match(stdout, /^ok \d+ - sound/m)
  t.end()
})
