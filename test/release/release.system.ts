import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Test, test } from 'tap'
import { stringify } from 'yaml'
import { releasedContract } from '../../packages/release/checks.ts'
import { Refusal, release } from '../../packages/release/release.ts'
import '../helpers/without-database.ts'

const contract = {
  info: { version: '1.4.0' },
  paths: { '/notes': { get: { operationId: 'listNotes', responses: { 200: {} } } } }
}

/** A repository of one package whose scripts do nothing, or fail. */
function repositoryOf(t: Test, scripts: Record<string, string> = {}) {
  const root = t.testdir()
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], {
      cwd: root,
      encoding: 'utf8'
    })
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const idle = Object.fromEntries(
    ['openapi', 'client', 'lint', 'build', 'typecheck', 'test'].map((name) => [name, 'true'])
  )
  const manifest = { name: '@gatehouse/server', version: '1.4.0', license: 'MIT', scripts: { ...idle, ...scripts } }
  write('package.json', `${JSON.stringify(manifest, null, 2)}\n`)
  write(
    'package-lock.json',
    `${JSON.stringify({ version: '1.4.0', packages: { '': { version: '1.4.0' } } }, null, 2)}\n`
  )
  write('openapi.yaml', stringify(contract))
  write(releasedContract, stringify(contract))
  write('web/client/src/api.ts', '')
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- Notes.\n\n## [1.4.0]\n')
  git('init', '--quiet')
  const commit = () => {
    git('add', '-A')
    git('commit', '--quiet', '--message', 'x')
  }
  commit()
  const said: string[] = []
  const attempt = (version: string) =>
    release({ version, tag: false, root, day: '2026-11-28', say: (line) => said.push(line) })
  return { root, git, write, commit, attempt, said }
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
