import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { openTerminal, systemAccount } from '../../src/operator/terminal.ts'

const streams = (isTTY: boolean) => ({
  on: process.on.bind(process),
  stdin: Object.assign(new PassThrough(), { isTTY }),
  stdout: new PassThrough(),
  stderr: Object.assign(new PassThrough(), { isTTY })
})

test('a question and its answer leave standard output to programs', async (t) => {
  const given = streams(true)
  const { stdin, stdout, stderr } = given
  const terminal = openTerminal(given)
  t.ok(terminal.isInteractive)
  stdin.write('yes\n')
  t.equal(await terminal.ask('Go on? '), 'yes')
  terminal.out('{}')
  await terminal.pipe(Readable.from(['[]', '\n']))
  terminal.err('done\n')
  stdout.end()
  stderr.end()
  t.equal(await text(stdout), '{}[]\n')
  t.match(await text(stderr), /Go on\? [\s\S]*done\n$/)
})

test('Ctrl+C and Ctrl+D at a question count as an empty answer', async (t) => {
  for (const key of ['\u0003', '\u0004']) {
    const given = streams(true)
    const answer = openTerminal(given).ask('Go on? ')
    given.stdin.write(key)
    if (key === '\u0004') given.stdin.end()
    t.equal(await answer, '')
  }
})

test('writing a long document ends quietly when the reader leaves, and rejects when the document fails', async (t) => {
  const given = streams(false)
  const terminal = openTerminal(given)
  t.ok(terminal.isOpen())
  const failing = new Readable({
    read() {
      this.destroy(new Error('The database does not answer'))
    }
  })
  await t.rejects(terminal.pipe(failing), { message: 'The database does not answer' })
  given.stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await new Promise((resolve) => given.stdout.once('close', resolve))
  await terminal.pipe(Readable.from(['[]']))
  t.notOk(terminal.isOpen())
})

test('signals that end the process are recorded, and the first one determines the exit code', (t) => {
  const listeners = new Map<string, () => void>()
  const on = (signal: string, listener: () => void) => listeners.set(signal, listener)
  const interrupted = openTerminal({ ...streams(false), on }).watchSignals()
  t.equal(interrupted(), undefined)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) listeners.get(signal)?.()
  t.equal(interrupted(), 143)
  t.end()
})

test('questions are asked only if standard input and standard error are terminals', (t) => {
  t.notOk(openTerminal(streams(false)).isInteractive)
  const { stdin } = streams(true)
  t.notOk(openTerminal({ ...streams(false), stdin }).isInteractive)
  t.end()
})

test('a file is read by its path, and standard input as -', async (t) => {
  const given = streams(false)
  const { readFile } = openTerminal(given)
  given.stdin.end('ann@example.com\n')
  t.equal(await readFile('-'), 'ann@example.com\n')
  const path = `${t.testdir()}/users`
  writeFileSync(path, 'ben@example.com\n')
  t.equal(await readFile(path), 'ben@example.com\n')
})

test('the system account is named, if it has a name', (t) => {
  t.equal(systemAccount(), userInfo().username)
  const nameless = () => {
    throw new Error('no entry in the passwd file')
  }
  t.equal(systemAccount(nameless), 'nobody known')
  t.end()
})
