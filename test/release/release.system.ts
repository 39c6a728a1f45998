import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Test, test } from 'tap'
import { parse, stringify } from 'yaml'
import { releasedContract } from '../../packages/release/checks.ts'
import { Refusal, release } from '../../packages/release/release.ts'
import '../helpers/without-database.ts'

const contract = {
  info: { version: '1.4.0' },
  paths: { '/notes': { get: { operationId: 'listNotes', responses: { 200: {} } } } }
}

/** What `npm run openapi` does: the contract has the version of the package. */
const writeContract = `import { readFileSync, writeFileSync } from 'node:fs'
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const contract = readFileSync('openapi.yaml', 'utf8')
writeFileSync('openapi.yaml', contract.replace(/version: .*/, 'version: ' + version))
`

/** A repository of one package whose scripts do nothing, or fail. */
function repositoryOf(t: Test, scripts: Record<string, string> = {}) {
  const root = t.testdir()
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' })
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const idle = Object.fromEntries(
    ['openapi', 'client', 'lint', 'build', 'typecheck', 'test'].map((name) => [name, 'true'])
  )
  const manifest = {
    name: '@gatehouse/server',
    version: '1.4.0',
    license: 'MIT',
    type: 'module',
    exports: './index.js',
    files: ['index.js'],
    scripts: { ...idle, openapi: 'node openapi.js', ...scripts }
  }
  write('package.json', `${JSON.stringify(manifest, null, 2)}\n`)
  write(
    'package-lock.json',
    `${JSON.stringify({ version: '1.4.0', packages: { '': { version: '1.4.0' } } }, null, 2)}\n`
  )
  write('openapi.yaml', stringify(contract))
  write(releasedContract, stringify(contract))
  write('openapi.js', writeContract)
  write('index.js', 'export const notes = []\n')
  write('README.md', '# Notes\n')
  write('.gitignore', 'dist\n')
  write('web/client/src/api.ts', '')
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- Notes.\n\n## [1.4.0]\n')
  git('init', '--quiet')
  git('config', 'user.name', 'x')
  git('config', 'user.email', 'x@example.com')
  const commit = () => {
    git('add', '-A')
    git('commit', '--quiet', '--message', 'x')
  }
  commit()
  const said: string[] = []
  const attempt = (version: string, tag = false) =>
    release({ version, tag, root, day: '2026-11-28', say: (line) => said.push(line) })
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  return { root, git, read, write, commit, attempt, said }
}

const refusals: Record<string, [(made: ReturnType<typeof repositoryOf>) => unknown, string, RegExp]> = {
  'a tree with changes': [({ write }) => write('new.ts', ''), '1.5.0', /The tree has changes.*new\.ts/s],
  'a text that is no version': [() => {}, 'v1.5', /v1\.5 is not a version/],
  'a version that is not later': [() => {}, '1.4.0', /1\.4\.0 does not come after 1\.4\.0/],
  'a tag that exists': [({ git }) => git('tag', 'v1.5.0'), '1.5.0', /The tag v1\.5\.0 exists/],
  'a changelog that says nothing': [
    ({ write, commit }) => {
      write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n## [1.4.0]\n')
      commit()
    },
    '1.5.0',
    /says nothing under \[Unreleased\]/
  ],
  'a contract that breaks clients': [
    ({ write, commit }) => {
      write('openapi.yaml', stringify({ ...contract, paths: {} }))
      commit()
    },
    '1.5.0',
    /Version 1\.5\.0 breaks clients of 1\.4\.0.*release 2\.0\.0\nGET \/notes: the operation is gone$/s
  ]
}

for (const [name, [prepare, version, message]] of Object.entries(refusals))
  test(`a release is refused for ${name}`, (t) => {
    const made = repositoryOf(t)
    prepare(made)
    const before = made.git('status', '--porcelain')
    t.throws(() => made.attempt(version), { constructor: Refusal, message })
    t.equal(made.git('status', '--porcelain'), before, 'nothing is changed')
    t.equal(made.said.length, 1, 'no further step begins')
    t.end()
  })

test('a release whose tests fail puts back what it has changed', (t) => {
  const { git, attempt, said } = repositoryOf(t, { test: 'false' })
  t.throws(() => attempt('1.5.0'), { message: 'npm run test fails' })
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('tag'), '')
  t.match(said.at(-1), /^\[6\/7\] test$/)
  t.end()
})

const tarball = 'dist/packages/gatehouse-server-1.5.0.tgz'

test('a rehearsal packs the packages, and puts back what it has changed', (t) => {
  const { root, git, read, attempt, said } = repositoryOf(t)
  const before = git('rev-parse', 'HEAD')
  attempt('1.5.0')
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('rev-parse', 'HEAD'), before, 'nothing is committed')
  t.equal(git('tag'), '')
  t.equal(JSON.parse(read('package.json')).version, '1.4.0')
  t.ok(existsSync(join(root, tarball)))
  t.equal(said.at(-1), '1.5.0 can be released: again with --tag.')
  t.end()
})

test('a release commits the version, the contract and the changelog, and tags the commit', (t) => {
  const { root, git, read, attempt, said } = repositoryOf(t)
  const before = git('rev-parse', 'HEAD')
  t.equal(attempt('1.5.0', true), 1, 'one package')
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('rev-parse', 'HEAD^'), before, 'one commit')
  t.equal(git('log', '-1', '--format=%s'), 'build: release 1.5.0\n')
  t.strictSame(git('diff', '--name-only', 'HEAD^', 'HEAD').trim().split('\n'), [
    'CHANGELOG.md',
    'openapi.yaml',
    'package-lock.json',
    'package.json',
    releasedContract
  ])
  t.equal(git('cat-file', '-t', 'v1.5.0'), 'tag\n', 'the tag is annotated')
  t.equal(git('rev-parse', 'v1.5.0^{commit}'), git('rev-parse', 'HEAD'))
  t.equal(JSON.parse(read('package.json')).version, '1.5.0')
  const lock = JSON.parse(read('package-lock.json'))
  t.strictSame([lock.version, lock.packages[''].version], ['1.5.0', '1.5.0'])
  t.equal(parse(read('openapi.yaml')).info.version, '1.5.0')
  t.equal(read(releasedContract), read('openapi.yaml'), 'later versions are compared with this contract')
  t.equal(read('CHANGELOG.md'), '# Changelog\n\n## [Unreleased]\n\n## [1.5.0] - 2026-11-28\n\n- Notes.\n\n## [1.4.0]\n')
  t.ok(existsSync(join(root, tarball)))
  t.equal(said.at(-1), 'Committed, and tagged v1.5.0. Nothing is pushed or published.')
  t.throws(() => attempt('1.5.0', true), { message: 'The tag v1.5.0 exists' }, 'a second time')
  t.throws(() => attempt('1.6.0', true), { message: /says nothing under \[Unreleased\]/ })
  t.end()
})

test('a major version may break clients', (t) => {
  const { git, read, write, commit, attempt } = repositoryOf(t)
  write('openapi.yaml', stringify({ ...contract, paths: {} }))
  commit()
  attempt('2.0.0', true)
  t.equal(git('tag'), 'v2.0.0\n')
  t.strictSame(parse(read(releasedContract)), { info: { version: '2.0.0' }, paths: {} })
  t.end()
})

test('a commit that is refused puts back what was added to it', (t) => {
  const { root, git, attempt } = repositoryOf(t)
  const hook = join(root, '.git/hooks/pre-commit')
  mkdirSync(dirname(hook), { recursive: true })
  writeFileSync(hook, '#!/bin/sh\nexit 1\n')
  chmodSync(hook, 0o755)
  t.throws(() => attempt('1.5.0', true), { message: /git commit/ })
  t.equal(git('status', '--porcelain'), '')
  t.equal(git('tag'), '')
  t.end()
})
