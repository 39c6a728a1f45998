import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'
import '../helpers/without-database.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = await readFile(join(root, 'docs/adding-a-resource.md'), 'utf8')

/** The page's new files, by the path that is printed above each. */
const files = [...page.matchAll(/^`([\w./]+)`\n\n```ts\n(.*?)```/gms)].map(([, path = '', text = '']) => ({
  path,
  text
}))

function block(start: string): string {
  const found = page.split('```ts\n').find((text) => text.startsWith(start))
  if (found === undefined) throw new Error(`the page has no block that starts with ${start}`)
  return found.slice(0, found.indexOf('```'))
}

async function edit(folder: string, path: string, place: string, text: string): Promise<void> {
  const source = await readFile(join(folder, path), 'utf8')
  if (!source.includes(place)) throw new Error(`${path} has no ${place}`)
  await writeFile(join(folder, path), source.replace(place, `${text}${place}`))
}

test('the resource of the page compiles, is documented and passes its test', async (t) => {
  const folder = await mkdtemp(join(root, 'web/report-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['migrations', 'plugins', 'routes', 'schemas', 'src', 'test', 'package.json', 'tsconfig.json'])
    await cp(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith('test/clients')
    })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  t.equal(files.length, 5)
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await edit(
    folder,
    'src/database/tables.ts',
    'export interface Database {',
    `${block('export interface NoteTable')}\n`
  )
  await edit(folder, 'src/database/tables.ts', '  sessions: SessionTable\n', block('  notes: NoteTable'))
  const service = 'src/product/tasks.ts'
  await edit(folder, service, "      { prefix: '/api/tasks',", block('      { prefix'))
  await edit(folder, service, '    tasks: { description', block('    notes: {'))
  await edit(folder, service, 'import { taskRoutes }', block('import { noteRoutes }'))

  // tap adds its hooks to the environment of every process, and the compiler does not load with them.
  const run = (...args: string[]) =>
    promisify(execFile)('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024
    })
  await run('src/commands/openapi.ts')
  t.match(await readFile(join(folder, 'openapi.yaml'), 'utf8'), /operationId: createNote/)
  const { stdout } = await run('test/routes/notes.test.ts')
  t.match(stdout, /^1\.\.4$/m)
  t.notMatch(stdout, /^\s*not ok/m)
  for (const name of ['words', 'examples']) await run(`test/plugins/openapi-${name}.test.ts`)
  const checked = [...files.map(({ path }) => path), service]
  const config = { extends: './tsconfig.json', include: checked }
  await writeFile(join(folder, 'tsconfig.page.json'), JSON.stringify(config))
  await run('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.page.json')
})
