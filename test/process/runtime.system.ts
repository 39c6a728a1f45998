import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'tap'
import { run } from '../helpers/process.ts'

const sentence =
  /^Gatehouse needs Node\.js 24 or later, and this is v\S+: use npm start after an npm ci that may run install scripts, which brings Node\.js 24, or install a newer Node\.js\.\n$/

test('a Node.js that is too old is told what is needed, in one sentence', async (t) => {
  const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.1.0' } })"
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${encodeURI(`data:text/javascript,${older}`)}`
  for (const file of ['src/start.js', 'src/commands/prepare.js', 'web/prestart.js']) {
    const { code, stdout, stderr } = await run(t, file, { NODE_OPTIONS }).ended
    t.strictSame([code, stdout], [1, ''], file)
    t.match(stderr, sentence, file)
  }
})

// The machine's own, which is not the one of the tests where that is too old.
const own = '/usr/bin/node'
const version = spawnSync(own, ['--version']).error ? undefined : execFileSync(own, ['--version'], { encoding: 'utf8' })
const skip = version && Number.parseInt(version.slice(1), 10) < 24 ? false : `needs an older Node.js as ${own}`

test('an older Node.js itself can read that far', { skip }, async (t) => {
  const { status, stderr } = spawnSync(own, ['src/start.js'], { encoding: 'utf8', env: {} })
  t.equal(status, 1)
  t.match(stderr, sentence)
})
