import { PassThrough, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { watchOutput } from '../../src/process/output.ts'

/** Standard output whose writes fail with these errors, one after the other. */
function failing(...codes: string[]) {
  const stderr = new PassThrough()
  const stdout = new Writable({
    autoDestroy: false,
    write(_chunk, _encoding, done) {
      const code = codes.shift()
      done(code ? Object.assign(new Error(`write ${code}`), { code }) : undefined)
    }
  })
  return { stdout, stderr }
}

test('a reader that leaves is no failure', async (t) => {
  const { stdout, stderr } = failing('EPIPE')
  const output = watchOutput({ stdout, stderr })
  t.ok(output.isOpen())
  t.equal(await output.write('a'), false)
  t.notOk(output.isOpen())
  stdout.write('b')
  stderr.end()
  t.equal(await text(stderr), '')
  t.equal(process.exitCode, undefined)
})

test('a full disk is reported once, and makes the exit code 1', async (t) => {
  const { stdout, stderr } = failing('', 'ENOSPC')
  const before = process.exitCode
  t.teardown(() => {
    process.exitCode = before
  })
  const output = watchOutput({ stdout, stderr })
  t.equal(await output.write('a'), true)
  t.equal(await output.write('b'), false)
  stdout.emit('error', new Error('write ENOSPC'))
  stderr.end()
  t.equal(await text(stderr), 'Output not written: write ENOSPC\n')
  t.equal(process.exitCode, 1)
  process.exitCode = before
})

test('messages that nobody reads do not end the process', (t) => {
  const { stdout, stderr } = failing()
  watchOutput({ stdout, stderr })
  t.doesNotThrow(() => stderr.emit('error', new Error('write EPIPE')))
  t.end()
})
