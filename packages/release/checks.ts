import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import semver from 'semver'
import { parse } from 'yaml'
import { breakingChanges } from './contract.ts'
import type { Packed } from './pack.ts'
import { repository, service } from './packages.ts'

/** Bytes of the package of the service, without its dependencies. */
const maxSize = 3_000_000

/** The contract of the last release, which a release replaces. */
export const releasedContract = 'packages/release/released.yaml'

/** The output of a tool of the repository, if it fails. */
function complaint(file: string, args: string[]): string | undefined {
  const path = join(repository, 'node_modules', file)
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? undefined : `${stdout}${stderr}`.trim()
}

/** What is wrong with tarballs, by publint, by @arethetypeswrong/cli and by their sizes. */
export function faultsOf(packed: Packed[]): string[] {
  return packed.flatMap(({ name, path, size, files }) => {
    const faults = [complaint('publint/src/cli.js', ['run', path, '--strict'])]
    // A package of commands alone has no types.
    if (files.some((file) => file.path.endsWith('.d.ts')))
      faults.push(
        complaint('@arethetypeswrong/cli/dist/index.js', [path, '--profile', 'esm-only', '--no-emoji', '--no-color'])
      )
    if (name === service && size > maxSize) faults.push(`It has ${size} bytes, and may have ${maxSize}`)
    if (files.length < 3) faults.push('It is not built')
    return faults.flatMap((fault) => (fault ? [`${name}: ${fault}`] : []))
  })
}

/** Why a version may not have the contract of a folder, after that of the last release. */
export function contractFaults(version: string, root = repository): string[] {
  const read = (path: string) => parse(readFileSync(join(root, path), 'utf8'))
  const old = read(releasedContract)
  const changes = breakingChanges(old, read('openapi.yaml'))
  if (changes.length === 0 || semver.major(version) > semver.major(old.info.version)) return []
  const needed = semver.inc(old.info.version, 'major')
  return [`Version ${version} breaks clients of ${old.info.version}: undo this, or release ${needed}`, ...changes]
}
