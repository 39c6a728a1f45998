import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const repository = join(import.meta.dirname, '../..')

/** The package of the repository itself. */
export const service = '@gatehouse/server'

export const dependencyKinds = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'] as const

export interface Manifest extends Partial<Record<(typeof dependencyKinds)[number], Record<string, string>>> {
  name: string
  version: string
  private?: boolean
  workspaces?: string[]
}

export interface Package {
  manifest: Manifest
  /** Relative to the repository: '.' for the service itself. */
  folder: string
}

const read = (folder: string, root: string): Package => ({
  folder,
  manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
})

/** The package of the service, and every workspace. */
export function allPackages(root = repository): Package[] {
  const service = read('.', root)
  return [service, ...(service.manifest.workspaces ?? []).map((folder) => read(folder, root))]
}

/** Whether a package names another one as a dependency of any kind. */
export const dependsOn = (one: Package, other: Package) =>
  dependencyKinds.some((kind) => Object.hasOwn(one.manifest[kind] ?? {}, other.manifest.name))

/** What a release contains: the service and the workspaces that are not private. A package comes after those it depends on. */
export function releasedPackages(root = repository): Package[] {
  const released = allPackages(root).filter(({ folder, manifest }) => folder === '.' || !manifest.private)
  const sorted: Package[] = []
  const seen = new Set<Package>()
  function add(one: Package): void {
    if (seen.has(one)) return
    seen.add(one)
    for (const other of released) if (dependsOn(one, other)) add(other)
    sorted.push(one)
  }
  for (const one of [...released.slice(1), ...released.slice(0, 1)]) add(one)
  return sorted
}
