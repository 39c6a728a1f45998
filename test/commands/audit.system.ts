import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import type { Database } from '../../src/database/tables.ts'
import { createLog } from '../../src/logging/log.ts'
import { patient } from '../helpers/patient.ts'
import { run } from '../helpers/process.ts'
import { cloneTemplate } from '../helpers/template.ts'

type Test = Parameters<typeof run>[0]

const command = 'src/commands/audit.ts'

/** A database with some events, which a command can be run on. */
async function eventsOn(t: Test, count: number) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const source = { databaseUrl: settings.DATABASE_URL, dataDir: settings.DATA_DIR ?? '', ...patient }
  const change = async (...statements: string[]) => {
    const db = openDatabase<Database>(source, createLog('silent'))
    for (const statement of statements) await sql.raw(statement).execute(db)
    await db.destroy()
  }
  await change(`insert into security_events (id, at, event, address) select gen_random_uuid(), '2020-01-01', 'login', '192.0.2.1'
    from generate_series(1, ${count})`)
  const audit = async (...args: string[]) => run(t, command, settings, args).ended
  return { audit, change }
}

test('wrong arguments print the usage', async (t) => {
  for (const args of [
    [],
    ['remove'],
    ['verify', 'export'],
    ['verify', '--head', '7'],
    ['export', '--after', '-1'],
    ['export', '--after', 'x'],
    ['prune'],
    ['prune', '--before', 'yesterday'],
    ['prune', '--before', '2999-01-01'],
    ['prune', '--before', '2026-02-30'],
    ['prune', '--before', '2026-02-30T00:00:00Z'],
    ['prune', '--before', '0000-01-01'],
    ['verify', '--force']
  ]) {
    const { code, stdout, stderr } = await run(t, command, {}, args).ended
    t.equal(code, 2, args.join(' '))
    t.match(stderr, 'Usage: npm run --silent audit -- verify')
    t.equal(stdout, '')
  }
})

test('a chain is sealed, verified, exported and pruned, and a change is found', async (t) => {
  const { audit, change } = await eventsOn(t, 5)
  t.match((await audit('verify')).stdout, /^0 events verified.*\n.*\n5 events are not sealed yet/s)
  const head = (await audit('head')).stdout.trim()
  t.match(head, /^5:[0-9a-f]{64}$/)
  const verified = await audit('verify', '--head', head)
  t.equal(verified.code, 0)
  t.equal(verified.stdout, `5 events verified, 1 to 5.\nHead: ${head}\n`)

  const exported = await audit('export', '--after', '2')
  t.equal(exported.stderr, 'Go on with --after 5\n')
  const lines = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.strictSame(
    lines.map(({ position }) => position),
    [3, 4, 5]
  )
  t.match(await audit('export', '--after', '5'), { code: 0, stdout: '', stderr: 'Go on with --after 5\n' })

  t.match((await audit('prune', '--before', '2019-12-31')).stdout, /^No events are older/)
  t.match((await audit('prune', '--before', '2019-12-31T23:30:00+01:00')).stdout, /^No events are older/)
  t.match(
    (await audit('prune', '--before', '2020-01-02')).stdout,
    /^This would remove 5 events, up to position 5, for ever/
  )
  t.match((await audit('verify')).stdout, /^5 events verified/)
  const pruned = await audit('prune', '--before', '2020-01-02', '--yes')
  t.match(pruned.stdout, /^5 events removed\.\nHead: 6:/)
  const report = JSON.parse((await audit('verify', '--json')).stdout)
  t.match(report, { ok: true, events: 1, start: 5, unsealed: 0, oldest_unsealed: null })
  t.match((await audit('verify')).stdout, /^Events up to 5 were pruned\.\n1 events verified, 6 to 6\./)

  await change(
    'alter table security_events disable trigger user',
    "update security_events set event = 'login'",
    'alter table security_events enable trigger user'
  )
  const broken = await audit('verify')
  t.equal(broken.code, 1)
  t.match(broken.stdout, /BROKEN at position 6: the event was changed/)
  const asJson = await audit('verify', '--json')
  t.equal(asJson.code, 1)
  t.match(JSON.parse(asJson.stdout), { ok: false, broken: { position: 6 } })
})

test('a reader that has had enough does not make the export fail', async (t) => {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const source = { databaseUrl: settings.DATABASE_URL, dataDir: settings.DATA_DIR ?? '', ...patient }
  const db = openDatabase<Database>(source, createLog('silent'))
  await sql`insert into security_events (id, event, address) select gen_random_uuid(), 'login', '192.0.2.1'
    from generate_series(1, 5000)`.execute(db)
  await db.destroy()
  await run(t, command, settings, ['head']).ended
  const script = join(t.testdir(), 'first.ts')
  writeFileSync(
    script,
    `import { spawn } from 'node:child_process'
     const child = spawn(process.execPath, [${JSON.stringify(command)}, 'export'], { stdio: ['ignore', 'pipe', 'inherit'] })
     child.stdout.once('data', (data) => { console.log(JSON.parse(String(data).split('\\n')[0]).position); child.stdout.destroy() })
     child.on('exit', (code) => { process.exitCode = code })`
  )
  const { code, stdout, stderr } = await run(t, script, { ...settings, NODE_OPTIONS: '--no-warnings' }).ended
  t.equal(stdout, '1\n')
  t.match(stderr, /^Go on with --after \d+\n$/)
  t.equal(code, 0)
})

test('a database that does not answer is reported', async (t) => {
  const { code, stderr } = await run(t, command, { DATABASE_URL: 'postgres://ann:hush-hush@127.0.0.1:1/x' }, ['verify'])
    .ended
  t.equal(code, 1)
  t.match(stderr, /^Not done: .*ECONNREFUSED/)
  t.notMatch(stderr, 'hush-hush')
})
