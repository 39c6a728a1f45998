import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { createLog } from '../../src/logging/log.ts'
import { settled, until } from '../helpers/wait.ts'

const values = { password: 'hush', token: 'hush', authorization: 'hush', password_hash: 'hush' }

function logTo(t: Test, isTTY: boolean) {
  const file = join(t.testdir(), 'log')
  /** Lines are written asynchronously. */
  const read = () => until('a line', () => readFileSync(file, 'utf8'))
  return { log: createLog('info', { fd: openSync(file, 'w'), isTTY }), read }
}

test('to a file, each line is a JSON object', async (t) => {
  const { log, read } = logTo(t, false)
  log.info({ request_id: 'r-1', user: values }, 'hello\nworld')
  log.debug('not at this level')
  const lines = (await read()).trimEnd().split('\n')
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), { level: 30, time: /Z$/, request_id: 'r-1', msg: 'hello\nworld' })
})

test('to a terminal, lines are readable', async (t) => {
  const { log, read } = logTo(t, true)
  log.info({ request_id: 'r-1', route: '/api/tasks' }, 'request')
  const text = await read()
  t.match(text, /INFO.*request/)
  t.match(text, '/api/tasks')
  t.throws(() => JSON.parse(text))
})

test('neither secrets by their names nor the values of a failed statement are logged', async (t) => {
  for (const isTTY of [true, false]) {
    const { log, read } = logTo(t, isTTY)
    const error = Object.assign(new Error('it broke'), { code: '42P01', params: ['hush'], detail: 'Key (hush)' })
    log.error({ err: error, user: values }, 'failed')
    const text = await read()
    t.notMatch(text, 'hush')
    t.match(text, 'it broke')
    t.match(text, '42P01')
  }
})

test('lines are written in batches and after a delay, all of them', async (t) => {
  const { log, read } = logTo(t, false)
  const lines = 1_000
  for (let i = 0; i < lines; i += 1) log.info({ i, text: 'x'.repeat(100) }, 'one of many')
  t.ok((await read()).length > 4_000, 'at once')
  const text = await until('all lines', async () => {
    const text = await read()
    return text.split('\n').length > lines && text
  })
  t.strictSame(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).i),
    Array.from({ length: lines }, (_, i) => i)
  )
})

test('a full disk does not end the process', async (t) => {
  const log = createLog('info', { fd: openSync('/dev/full', 'w'), isTTY: false })
  const thrown: unknown[] = []
  const keep = (error: unknown) => thrown.push(error)
  process.once('uncaughtException', keep)
  t.teardown(() => process.off('uncaughtException', keep))
  log.info('x'.repeat(70_000))
  log.info('x'.repeat(70_000))
  const refusal = await settled('the attempt to write', new Promise((resolve) => log.flush(resolve)))
  t.match(refusal, { code: 'ENOSPC' })
  t.strictSame(thrown, [])
})

test('a fatal line is written before the call returns', (t) => {
  const file = join(t.testdir(), 'log')
  createLog('info', { fd: openSync(file, 'w'), isTTY: false }).fatal('closing after a fault')
  t.match(readFileSync(file, 'utf8'), '"msg":"closing after a fault"')
  t.end()
})
