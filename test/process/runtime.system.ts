import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test, test } from 'tap'
import { run } from '../helpers/process.ts'
import '../helpers/without-database.ts'

const sentence =
  /^Gatehouse needs Node\.js 24 or later, and this is v\S+: use npm start after an npm ci that may run install scripts, which brings Node\.js 24, or install a newer Node\.js\.\n$/

/** The files that `npm start` runs first, without any package. */
function withoutPackages(t: Test): (file: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse_start_'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const files = ['package.json', 'src/process/runtime.js', 'web/package.json', 'web/prestart.js', 'web/build.ts']
  for (const file of files) cpSync(file, join(folder, file))
  return (file) => join(folder, file)
}

test('an outdated Node.js prints one sentence that says what is needed', async (t) => {
  const at = withoutPackages(t)
  for (const [file, expected] of [
    ['web/prestart.js', 0],
    ['web/build.ts', 1]
  ] as const) {
    const { code, stderr } = await run(t, at(file), {}).ended
    t.equal(code, expected, file)
    t.match(
      stderr,
      /^The front end is not built: Vite is not installed.*\nWithout it, the API is served alone\.\n$/,
      file
    )
  }
})

test('an outdated Node.js can parse the file that checks the version', async (t) => {
  const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })"
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${encodeURI(`data:text/javascript,${older}`)}`
  const at = withoutPackages(t)
  for (const file of ['src/start.js', 'src/commands/prepare.js', at('web/prestart.js')]) {
    const { code, stdout, stderr } = await run(t, file, { NODE_OPTIONS }).ended
    t.strictSame([code, stdout], [1, ''], file)
    t.match(stderr, sentence, file)
  }
})

// The system's Node.js, which may be older.
const own = '/usr/bin/node'
const version = spawnSync(own, ['--version']).error ? undefined : execFileSync(own, ['--version'], { encoding: 'utf8' })
const skip = version && Number.parseInt(version.slice(1), 10) < 24 ? false : `needs an older Node.js as ${own}`

test('an older Node.js itself runs the version check', { skip }, async (t) => {
  const { status, stderr } = spawnSync(own, ['src/start.js'], { encoding: 'utf8', env: {} })
  t.equal(status, 1)
  t.match(stderr, sentence)
})
