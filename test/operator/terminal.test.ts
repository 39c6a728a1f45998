import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { openTerminal, systemAccount } from '../../src/operator/terminal.ts'

const streams = (isTTY: boolean) => ({
  stdin: Object.assign(new PassThrough(), { isTTY }),
  stdout: new PassThrough(),
  stderr: Object.assign(new PassThrough(), { isTTY })
})

test('a question and its answer leave standard output to programs', async (t) => {
  const { stdin, stdout, stderr } = streams(true)
  const terminal = openTerminal({ stdin, stdout, stderr })
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

test('nobody is asked where standard input or the messages go elsewhere', (t) => {
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
