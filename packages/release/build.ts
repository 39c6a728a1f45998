// Builds packages: JavaScript, types and source maps. `npm run build` builds all; with names, only those; with --workspaces,
// all but the service.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { dependsOn, type Manifest, type Package, releasedPackages, repository as root } from './packages.ts'

function run(...args: string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
}

const compile = (project: string) => run('node_modules/typescript/bin/tsc', '-p', project)

/** The service's output has the folders of the repository, so that its files find each other by the same paths. */
const output = 'dist/server'
const outputOf = ({ folder }: Package) => (folder === '.' ? output : join(folder, 'dist'))
const sources = [
  'src',
  'plugins',
  'routes',
  'schemas',
  'migrations',
  'packages/gatehouse/src/hostile',
  'web/dist',
  'openapi.yaml',
  'tsconfig.build.json'
]
const withoutTypeScript = (path: string) => statSync(path).isDirectory() || !['.ts', '.js'].includes(extname(path))

/** The latest change of a file or of what a folder contains, in milliseconds. */
function changedAt(path: string): number {
  const status = statSync(path)
  const inside = status.isDirectory() ? readdirSync(path).map((name) => changedAt(join(path, name))) : []
  return Math.max(status.mtimeMs, ...inside)
}

/** A file whose time is that of the last build's start. */
const stampOf = ({ manifest }: Package) =>
  join(root, 'node_modules/.cache/gatehouse-built', manifest.name.replace('/', '+'))

/** Whether the output is newer than what it is made of, so that two builds at a time do not disturb each other. */
function isFresh(one: Package): boolean {
  const stamp = stampOf(one)
  if (!existsSync(stamp) || !existsSync(join(root, outputOf(one)))) return false
  const own = one.folder === '.' ? sources : [`${one.folder}/src`, `${one.folder}/tsconfig.json`]
  const common = ['package-lock.json', 'packages/tsconfig.json', 'tsconfig.json', `${one.folder}/package.json`]
  const needed = releasedPackages()
    .filter((other) => dependsOn(one, other))
    .map(stampOf)
  const paths = [...needed, ...[...own, ...common].map((path) => join(root, path))]
  return paths.every((path) => existsSync(path) && changedAt(path) <= statSync(stamp).mtimeMs)
}

function compileService({ name, version }: Manifest): void {
  compile('tsconfig.build.json')
  for (const folder of ['src', 'plugins', 'schemas'])
    cpSync(join(root, folder), join(root, output, folder), { recursive: true, filter: withoutTypeScript })
  for (const path of ['web/dist', 'openapi.yaml'])
    cpSync(join(root, path), join(root, output, path), { recursive: true })
  writeFileSync(join(root, output, 'package.json'), `${JSON.stringify({ name, version, type: 'module' })}\n`)
}

function build(one: Package): void {
  if (one.folder === '.') run('web/build.ts')
  if (isFresh(one)) return
  const began = new Date()
  const stamp = stampOf(one)
  rmSync(stamp, { force: true })
  rmSync(join(root, outputOf(one)), { recursive: true, force: true })
  if (one.folder === '.') compileService(one.manifest)
  else compile(one.folder)
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, '')
  utimesSync(stamp, began, began)
  process.stdout.write(`Built ${one.manifest.name} in ${Date.now() - began.getTime()} ms\n`)
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { workspaces: { type: 'boolean' } }
})
const packages = releasedPackages().filter(({ folder }) => !(values.workspaces && folder === '.'))
const unknown = names.filter((name) => !packages.some(({ manifest }) => manifest.name === name))
if (unknown.length > 0) throw new Error(`No released package is named ${unknown.join(', ')}`)
for (const one of packages) if (names.length === 0 || names.includes(one.manifest.name)) build(one)
