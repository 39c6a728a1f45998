// Rehearses a release, or makes it with --tag: npm run release -- 1.2.3 [--tag]. docs/releasing.md
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import semver from 'semver'
import { parse } from 'yaml'
import { nextEntry, withRelease } from './changelog.ts'
import { contractFaults, faultsOf, releasedContract } from './checks.ts'
import { packAll } from './pack.ts'
import { releasedPackages, repository } from './packages.ts'
import { isVersion, setVersion } from './versions.ts'

const usage = 'Usage: npm run release -- MAJOR.MINOR.PATCH [--dry-run | --tag]'

/** What a release changes besides the manifests. */
const generated = ['openapi.yaml', 'web/client/src/api.ts', releasedContract, 'CHANGELOG.md']

/** A reason not to release, without a stack. */
export class Refusal extends Error {}

interface Release {
  version: string
  /** Commits and tags. Otherwise everything but dist/ is put back. */
  tag: boolean
  say: (line: string) => void
  root?: string
  /** For the changelog: YYYY-MM-DD. */
  day?: string
}

/** Runs the steps of a release. Nothing is published. Throws a Refusal, or the error of a step, and puts the files back. */
export function release({
  version,
  tag,
  say,
  root = repository,
  day = new Date().toISOString().slice(0, 10)
}: Release) {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const script = (...args: string[]) => {
    const { status, error } = spawnSync('npm', ['run', '--silent', ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit']
    })
    if (error) throw error
    if (status !== 0) throw new Refusal(`npm run ${args.join(' ')} fails`)
  }
  function refuse(faults: string[]): void {
    if (faults.length > 0) throw new Refusal(faults.join('\n'))
  }

  /** Before anything is changed. */
  function examine(): void {
    if (!isVersion(version)) throw new Refusal(`${version} is not a version. ${usage}`)
    const changed = git('status', '--porcelain')
    if (changed) throw new Refusal(`The tree has changes: commit them first\n${changed}`)
    if (git('tag', '--list', `v${version}`)) throw new Refusal(`The tag v${version} exists`)
    const last: string = parse(read(releasedContract)).info.version
    if (!semver.gt(version, last)) throw new Refusal(`${version} does not come after ${last}, the last release`)
    if (!nextEntry(read('CHANGELOG.md'))) throw new Refusal('CHANGELOG.md says nothing under [Unreleased]')
    refuse(contractFaults(version, root))
  }

  let files: string[] = []
  function setVersions(): void {
    files = [...setVersion(version, root), ...generated]
    script('openapi')
    script('client')
    copyFileSync(join(root, 'openapi.yaml'), join(root, releasedContract))
    writeFileSync(join(root, 'CHANGELOG.md'), withRelease(read('CHANGELOG.md'), version, day))
  }

  function checkPackages(): void {
    const packed = packAll(root)
    refuse(faultsOf(packed))
    for (const { path, size } of packed) say(`  ${path}, ${Math.ceil(size / 1000)} kB`)
  }

  const steps: [string, () => void][] = [
    ['the tree, the version, the changelog and the contract', examine],
    ['set the version', setVersions],
    ['lint', () => script('lint')],
    ['build', () => script('build')],
    ['type check', () => script('typecheck')],
    ['test', () => script('test')],
    ['pack, and check the packages', checkPackages]
  ]
  const putBack = () => {
    const known = files.filter((file) => existsSync(join(root, file)))
    // From the last commit, because a commit that fails leaves what was added to it.
    if (known.length > 0) git('checkout', '--quiet', 'HEAD', '--', ...known)
    files = []
  }
  try {
    for (const [place, [name, step]] of steps.entries()) {
      say(`[${place + 1}/${steps.length}] ${name}`)
      step()
    }
    if (tag) {
      git('add', '--', ...files)
      git('commit', '--quiet', '--message', `build: release ${version}`)
      files = []
      git('tag', '--annotate', `v${version}`, '--message', `Gatehouse ${version}`)
    }
  } finally {
    putBack()
  }
  say(
    tag
      ? `Committed, and tagged v${version}. Nothing is pushed or published.`
      : `${version} can be released: again with --tag.`
  )
  return releasedPackages(root).length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // The steps end with the signal; what they changed is put back.
  process.on('SIGINT', () => {})
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { tag: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } }
    })
    const [version] = positionals
    if (!version || positionals.length > 1 || (values.tag && values['dry-run'])) throw new Refusal(usage)
    release({ version, tag: values.tag, say: (line) => process.stdout.write(`${line}\n`) })
  } catch (error) {
    process.stderr.write(`Not released. ${error instanceof Refusal ? error.message : (error as Error).stack}\n`)
    process.exitCode = 1
  }
}
