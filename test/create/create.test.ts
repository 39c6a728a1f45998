import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type Test, test } from 'tap'
import { create, filesOf } from '../../packages/create-gatehouse/src/create.ts'
import { webs } from '../../packages/create-gatehouse/src/options.ts'
import { run } from '../../packages/create-gatehouse/src/run.ts'
import { settled, until } from '../helpers/wait.ts'
import '../helpers/without-database.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const { version } = read('package.json')

/** Runs the program in an empty folder. `answers` are typed on a terminal, each when it is asked for. */
async function start(
  t: Test,
  args: string[],
  { answers, node = '24.0.0', cwd = t.testdir() }: { answers?: string[]; node?: string; cwd?: string } = {}
) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  let [printed, errors] = ['', '']
  stdout.on('data', (chunk) => {
    printed += chunk
  })
  stderr.on('data', (chunk) => {
    errors += chunk
  })
  const code = run(args, {
    stdin: Object.assign(stdin, { isTTY: answers !== undefined }),
    stdout,
    stderr,
    versions: { node },
    cwd: () => cwd
  })
  for (const [index, answer] of (answers ?? []).entries()) {
    await until(`question ${index + 1}`, () => printed.split(') ').length > index + 1)
    if (answer === 'Ctrl+D') stdin.end()
    else stdin.write(`${answer}\n`)
  }
  return { code: await code, cwd, printed, errors }
}

test('a project is created, and says what comes next', async (t) => {
  const { code, cwd, printed } = await start(t, ['my-shop', '--web', 'none'])
  t.equal(code, 0)
  t.match(printed, /^my-shop: \d+ files in .*\/my-shop$/m)
  t.match(printed, / {2}cd my-shop\n {2}npm install && npm test\n {2}npm start\n/)
  const folder = join(cwd, 'my-shop')
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  t.match(manifest, { name: 'my-shop', dependencies: { '@gatehouse/server': `^${version}` }, workspaces: undefined })
  t.notOk('optionalDependencies' in manifest)
  t.match(readFileSync(join(folder, '.gitignore'), 'utf8'), /^\.env$/m)
  t.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600)
  t.notOk(existsSync(join(folder, 'web')))
})

test('each project has a secret of its own, in a file that git and Docker ignore, and nowhere else', async (t) => {
  const secretOf = (files: Map<string, string>) => /^BETTER_AUTH_SECRET=(\S{43})$/m.exec(files.get('.env') ?? '')?.[1]
  for (const web of webs) {
    const project = { name: 'my-shop', web, version, bringsNode: false }
    const [files, others] = [filesOf(project), filesOf(project)]
    const secret = secretOf(files)
    t.ok(secret)
    t.not(secret, secretOf(others))
    for (const [path, text] of files) if (path !== '.env') t.notOk(text.includes(secret ?? ''), path)
    for (const path of ['.gitignore', '.dockerignore']) t.match(files.get(path), /^\.env$/m)
    for (const [path, text] of files) t.notMatch(text, /my-app|_gitignore/, `${web}: ${path}`)
  }
})

test('templates need the versions that this repository tests', async (t) => {
  const known = Object.assign(
    {},
    ...['package.json', 'web/package.json', 'web/client/package.json'].flatMap((path) => {
      const { dependencies, devDependencies } = read(path)
      return [dependencies, devDependencies]
    }),
    { typescript: read('web/client/package.json').devDependencies.typescript }
  )
  for (const web of webs)
    for (const [path, text] of filesOf({ name: 'x', web, version, bringsNode: true })) {
      if (!path.endsWith('package.json')) continue
      const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(text)
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies })) {
        const expected = name.startsWith('@gatehouse/') ? `^${version}` : (known[name] ?? '^16.4.0')
        t.equal(range, expected, `${path}: ${name}`)
      }
      if (path === 'package.json')
        t.strictSame(optionalDependencies, read('packages/release/package.json').optionalDependencies)
    }
})

test('a terminal is asked for what the command line does not say', async (t) => {
  const asked = await start(t, [], { answers: ['shop', 'svelte', 'next'] })
  t.match(asked.printed, /Folder: \(my-app\) Front end, vite, next, none: \(vite\) svelte is none of them\./)
  t.match(JSON.parse(readFileSync(join(asked.cwd, 'shop/web/package.json'), 'utf8')).dependencies, { next: String })
  const defaults = await start(t, [], { answers: ['', ''] })
  t.ok(existsSync(join(defaults.cwd, 'my-app/web/vite.config.ts')))
  const given = await start(t, ['shop'], { answers: ['none'] })
  t.notOk(existsSync(join(given.cwd, 'shop/web')))
})

test('nothing is asked with --yes, and where standard input is no terminal', async (t) => {
  for (const { args, answers } of [{ args: ['--yes'], answers: [] }, { args: [] }]) {
    const { code, cwd, printed } = await start(t, args, answers ? { answers } : {})
    t.equal(code, 0)
    t.notMatch(printed, /\?|Folder:/)
    t.ok(existsSync(join(cwd, 'my-app/web/vite.config.ts')))
  }
})

test('Ctrl+D at a question creates nothing', async (t) => {
  const { code, cwd, errors } = await start(t, [], { answers: ['shop', 'Ctrl+D'] })
  t.strictSame({ code, errors }, { code: 1, errors: '\nNothing is created.\n' })
  t.strictSame(readdirSync(cwd), [])
})

test('names that npm does not take are refused', async (t) => {
  const names = ['My-App', '.app', '_app', 'a b', 'http', 'node_modules', 'a'.repeat(215), 'é', 'x\ny', 'app!']
  for (const name of names) {
    const { code, cwd, errors } = await start(t, ['--web', 'none', '--', name])
    t.equal(code, 1, JSON.stringify(name))
    t.match(errors, /npm does not take/)
    t.strictSame(readdirSync(cwd), [])
  }
})

test('a wrong command line is refused, with the usage', async (t) => {
  for (const [args, message] of [
    [['--framework', 'x'], /^Unknown option '--framework'.*\n\nUsage:/],
    [['--web'], /'--web <value>' argument missing\s+Usage:/],
    [['--web', 'svelte'], /--web is vite, next or none, not "svelte"/],
    [['a', 'b'], /Name one folder, not 2\.\s+Usage:/]
  ] as const) {
    const { code, cwd, errors } = await start(t, [...args])
    t.equal(code, 1)
    t.match(errors, message)
    t.strictSame(readdirSync(cwd), [])
  }
})

test('--help and --version create nothing', async (t) => {
  const help = await start(t, ['--help'])
  t.match(help.printed, /^Usage: npm create gatehouse@latest/)
  const { code, cwd, printed } = await start(t, ['--version'])
  t.strictSame({ code, printed }, { code: 0, printed: `${version}\n` })
  t.strictSame(readdirSync(cwd), [])
})

test('a folder that is not empty is refused, and keeps what it has', async (t) => {
  const full = t.testdir({ app: { 'README.md': 'mine' }, file: 'mine' })
  symlinkSync('nowhere', join(full, 'link'))
  for (const [name, message] of [
    ['app', /is not empty: it has README\.md\./],
    ['file', /exists, and is not a folder/],
    ['link', /exists, and is not a folder/]
  ] as const) {
    const folder = join(full, name)
    const { code, errors } = await start(t, [folder], { cwd: full })
    t.equal(code, 1)
    t.match(errors, message)
  }
  t.equal(readFileSync(join(full, 'app/README.md'), 'utf8'), 'mine')
  t.strictSame(readdirSync(join(full, 'app')), ['README.md'])
})

test('an empty folder and a new git repository are filled', async (t) => {
  const there = t.testdir({ app: {}, repository: { '.git': { HEAD: '' } } })
  for (const name of ['app', 'repository']) {
    const { code } = await start(t, [name, '--web', 'none'], { cwd: there })
    t.equal(code, 0)
    t.ok(existsSync(join(there, name, 'src/server.ts')))
  }
})

test('a project that cannot be written leaves nothing behind', async (t) => {
  const there = t.testdir({ file: '', app: {} })
  const below = await start(t, ['file/app'], { cwd: there })
  t.equal(below.code, 1)
  t.match(below.errors, /^The project cannot be created: ENOTDIR/)
  const above = await start(t, [`new/${'x'.repeat(300)}/app`], { cwd: there })
  t.equal(above.code, 1)
  t.match(above.errors, /^The project cannot be created: ENAMETOOLONG/)
  t.strictSame(readdirSync(there).sort(), ['app', 'file'])
  // Some files fit into the longest path that there can be, and others do not.
  const long = join(there, 'app', ...Array(18).fill('x'.repeat(200)), 'y'.repeat(150), 'z'.repeat(250)).slice(0, 4_040)
  mkdirSync(long, { recursive: true })
  t.throws(() => create({ folder: long, name: 'x', web: 'vite', version, bringsNode: false }), { code: 'ENAMETOOLONG' })
  t.strictSame(readdirSync(long), [])
  rmSync(join(there, 'app'), { recursive: true })
})

/** Runs the program in a process that gets a signal while it writes its fifth file. */
async function interrupt(t: Test, signal: string, folder: string) {
  const hook = join(t.testdir({}), 'hook.mjs')
  const text = `import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const { writeFileSync } = fs
let count = 0
fs.writeFileSync = (...args) => {
  writeFileSync(...args)
  count += 1
  if (count === 5) process.kill(process.pid, '${signal}')
}
syncBuiltinESMExports()
`
  writeFileSync(hook, text)
  const child = spawn(
    process.execPath,
    ['--import', hook, join(root, 'packages/create-gatehouse/src/index.ts'), folder, '--yes'],
    {
      stdio: 'ignore',
      env: { ...process.env, NODE_OPTIONS: '' }
    }
  )
  t.teardown(() => child.kill('SIGKILL'))
  const [code, killed] = await settled(`the end after ${signal}`, once(child, 'exit'))
  return { code, killed }
}

test('a project is created completely, or not at all, when its process gets a signal', async (t) => {
  const there = mkdtempSync(join(tmpdir(), 'gatehouse_create_'))
  t.teardown(() => rmSync(there, { recursive: true }))
  const count = filesOf({ name: 'x', web: 'vite', version, bringsNode: false }).size
  const filesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const folder = join(there, signal.toLowerCase())
    t.match(await interrupt(t, signal, folder), { code: 0 })
    t.equal(filesIn(folder), count, signal)
  }
  t.strictSame(readdirSync(there), ['sigint', 'sigterm'], 'nothing is left beside')
  const folder = join(there, 'killed')
  t.match(await interrupt(t, 'SIGKILL', folder), { killed: 'SIGKILL' })
  t.notOk(existsSync(folder))
  t.equal((await start(t, [folder])).code, 0, 'it is created after that')
  t.equal(filesIn(folder), count)
})

test('an unexpected error of the program rejects, and is not reported as a refusal', async (t) => {
  const broken = {
    cwd: () => {
      throw new TypeError('broken')
    }
  }
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  await t.rejects(run([], { ...streams, versions: { node: '24.0.0' }, ...broken }), /broken/)
})

test('on a Node.js that does not run TypeScript, the project brings its own', async (t) => {
  const { cwd, printed } = await start(t, ['app', '--web', 'none'], { node: '20.20.2' })
  t.match(printed, /This is Node\.js 20\.20\.2: package\.json adds Node\.js 24/)
  const manifest = JSON.parse(readFileSync(join(cwd, 'app/package.json'), 'utf8'))
  t.match(manifest, { optionalDependencies: { node: /^\^24/ }, allowScripts: { node: true, protobufjs: false } })
  t.equal(readFileSync(join(cwd, 'app/.npmrc'), 'utf8'), 'loglevel=error\n')
})
