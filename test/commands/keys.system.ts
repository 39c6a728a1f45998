import { type Test, test } from 'tap'
import { secret } from '../helpers/app.ts'
import { run } from '../helpers/process.ts'
import { cloneTemplate, onServer } from '../helpers/template.ts'

async function start(t: Test, more: Record<string, string> = {}) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const common = { BETTER_AUTH_SECRET: secret, DATA_DIR: t.testdir(), SIGNING_ALGORITHM: 'EdDSA', ...settings, ...more }
  const command =
    (name: string) =>
    (...args: string[]) =>
      run(t, `src/commands/${name}.ts`, common, args).ended
  return { keys: command('keys'), audit: command('audit'), settings }
}

test('npm run keys makes, lists, rotates and retires keys', async (t) => {
  const { keys, audit, settings } = await start(t)
  t.match(await keys('list'), { code: 0, stdout: 'There are no keys: the shared secret signs\n', stderr: '' })
  t.match(await keys('list', '--json'), { code: 0, stdout: '[]\n' })
  if (settings.DATABASE_URL) {
    const name = new URL(settings.DATABASE_URL).pathname.slice(1)
    await onServer(`alter database ${name} set default_transaction_read_only = on`)
    t.match(await keys('list'), { code: 0, stderr: '' }, 'also on a database that is read only')
    t.match(await keys('rotate'), { code: 1, stderr: /^Not done: .*read-only transaction\n$/ })
    await onServer(`alter database ${name} reset default_transaction_read_only`)
  }
  const made = await keys('rotate')
  t.match(made, { code: 0, stderr: '' })
  t.match(
    made.stdout,
    /^[\w-]{36} {2}EdDSA {2}next: signs from \d{4}-.*Z\n[\w-]{36} {2}EdDSA {2}next: published since .*Z\n$/
  )
  const { stdout } = await keys('list', '--json')
  const [first, second] = JSON.parse(stdout)
  t.match(
    [first, second],
    [
      { algorithm: 'EdDSA', state: 'next', retires_at: null },
      { state: 'next', signs_from: null }
    ]
  )
  t.notMatch(stdout, /private/)
  t.match(
    (await keys('retire', second.kid)).stdout,
    new RegExp(`${second.kid} {2}EdDSA {2}retired: since .*; its tokens are accepted until `)
  )
  t.match(
    (await keys('retire', first.kid, '--now', '--reason', ' ticket 7 ')).stdout,
    new RegExp(`${first.kid} {2}EdDSA {2}refused: its tokens are refused since `)
  )
  const { stdout: lines } = await audit('export')
  const events = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const common = { actor: 'command', user_agent: /^command line of ./, user_id: null, address: 'operator' }
  t.match(events, [
    { ...common, event: 'key.rotated', reason: `${first.kid} replaces the shared secret` },
    { ...common, event: 'key.retired', reason: second.kid },
    { ...common, event: 'key.retired', reason: `${first.kid} at once: ticket 7` }
  ])
  t.equal(events.length, 3)
})

test('npm run keys explains wrong arguments and unknown keys, with exit codes 2 and 1', async (t) => {
  const { keys } = await start(t)
  for (const args of [
    [],
    ['erase'],
    ['list', 'x'],
    ['retire'],
    ['retire', 'a', 'b'],
    ['rotate', '--now'],
    ['list', '--all'],
    ['rotate', '--reason', 'x'.repeat(501)]
  ])
    t.match(await keys(...args), { code: 2, stdout: '', stderr: /Usage: npm run keys -- list/ }, args.join(' '))
  const unknown = await keys('retire', 'x')
  t.match(unknown, {
    code: 1,
    stdout: '',
    stderr: 'Not done: there is no key x; npm run keys -- list shows the keys\n'
  })
  const shared = await start(t, { SIGNING_ALGORITHM: 'HS256' })
  t.match(await shared.keys('rotate'), {
    code: 1,
    stderr: /^Not done: SIGNING_ALGORITHM is HS256.*set it to EdDSA or ES256\n$/
  })
  const wrong = await start(t, { SIGNING_ALGORITHM: 'none' })
  t.match(await wrong.keys('list'), { code: 2, stderr: /SIGNING_ALGORITHM: .*HS256.*EdDSA.*ES256/ })
})
