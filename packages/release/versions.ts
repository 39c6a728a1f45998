// Gives all packages the same version: node packages/release/versions.ts 1.2.3
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import semver from 'semver'
import { allPackages, dependencyKinds, type Manifest, repository } from './packages.ts'

/** Whether a text is a version of semver.org, without build metadata or a leading v. */
export const isVersion = (text: string) => semver.valid(text) === text

function change(root: string, path: string, edit: (content: Record<string, unknown>) => void): void {
  const file = join(root, path)
  const content = JSON.parse(readFileSync(file, 'utf8'))
  edit(content)
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}

/** Sets the version of every package, of what they need of each other, and of package-lock.json. Returns the changed files. */
export function setVersion(version: string, root = repository): string[] {
  const packages = allPackages(root)
  const names = new Set(packages.map(({ manifest }) => manifest.name))
  function raise(manifest: Partial<Manifest>): void {
    manifest.version = version
    for (const kind of dependencyKinds)
      for (const name of Object.keys(manifest[kind] ?? {}))
        if (names.has(name)) Object.assign(manifest[kind] ?? {}, { [name]: `^${version}` })
  }
  const manifests = packages.map(({ folder }) => join(folder, 'package.json'))
  for (const path of manifests) change(root, path, raise)
  change(root, 'package-lock.json', (lock) => {
    lock.version = version
    const locked = lock.packages as Record<string, Partial<Manifest>>
    for (const { folder } of packages) raise(locked[folder === '.' ? '' : folder] ?? {})
  })
  return [...manifests, 'package-lock.json']
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [version = ''] = process.argv.slice(2)
  if (!isVersion(version)) throw new Error('Usage: node packages/release/versions.ts MAJOR.MINOR.PATCH')
  process.stdout.write(`Version ${version}: ${setVersion(version).join(', ')}\n`)
}
