// Packs the built packages into dist/packages. `npm run pack` builds them first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { releasedPackages, repository } from './packages.ts'

const tarballs = (root: string) => join(root, 'dist/packages')

export interface Packed {
  name: string
  /** The absolute path of the tarball. */
  path: string
  /** Bytes of the tarball. */
  size: number
  files: { path: string; size: number }[]
}

/** Packs released packages, by default all. Their scripts do not run: `build` has created what they contain. */
export function packAll(root = repository, destination = tarballs(root), names?: string[]): Packed[] {
  rmSync(destination, { recursive: true, force: true })
  mkdirSync(destination, { recursive: true })
  const wanted = releasedPackages(root).filter(({ manifest }) => names?.includes(manifest.name) ?? true)
  const folders = wanted.map(({ folder }) => join(root, folder))
  const args = ['pack', ...folders, '--json', '--ignore-scripts', '--pack-destination', destination]
  const text = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const packed: (Omit<Packed, 'path'> & { filename: string })[] = JSON.parse(text)
  return packed.map(({ name, filename, size, files }) => ({ name, path: join(destination, filename), size, files }))
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const { name, path, size, files } of packAll())
    process.stdout.write(`${name}: ${Math.ceil(size / 1000)} kB, ${files.length} files, ${path}\n`)
