// Builds packages: JavaScript, types and source maps. `npm run build` builds all; with names, only those; with --workspaces,
// all but the service.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Manifest, type Package, releasedPackages, repository as root } from './packages.ts'

function run(...args: string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
}

const compile = (project: string) => run('node_modules/typescript/bin/tsc', '-p', project)

/** The service's output has the folders of the repository, so that its files find each other by the same paths. */
const output = 'dist/server'
const withoutTypeScript = (path: string) => statSync(path).isDirectory() || !['.ts', '.js'].includes(extname(path))

function buildService({ name, version }: Manifest): void {
  run('web/build.ts')
  rmSync(join(root, output), { recursive: true, force: true })
  compile('tsconfig.build.json')
  for (const folder of ['src', 'plugins', 'schemas'])
    cpSync(join(root, folder), join(root, output, folder), { recursive: true, filter: withoutTypeScript })
  for (const path of ['web/dist', 'openapi.yaml'])
    cpSync(join(root, path), join(root, output, path), { recursive: true })
  writeFileSync(join(root, output, 'package.json'), `${JSON.stringify({ name, version, type: 'module' })}\n`)
}

function build({ folder, manifest }: Package): void {
  const began = performance.now()
  if (folder === '.') buildService(manifest)
  else {
    rmSync(join(root, folder, 'dist'), { recursive: true, force: true })
    compile(folder)
  }
  process.stdout.write(`Built ${manifest.name} in ${Math.round(performance.now() - began)} ms\n`)
}

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { workspaces: { type: 'boolean' } }
})
const packages = releasedPackages().filter(({ folder }) => !(values.workspaces && folder === '.'))
const unknown = names.filter((name) => !packages.some(({ manifest }) => manifest.name === name))
if (unknown.length > 0) throw new Error(`No released package is named ${unknown.join(', ')}`)
for (const one of packages) if (names.length === 0 || names.includes(one.manifest.name)) build(one)
