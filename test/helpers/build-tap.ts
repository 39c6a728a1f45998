// Builds tap with our choice of plugins, unless that has been done for these packages: it takes ten seconds, in which the
// other core prepares the database that the tests copy.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const { tap } = JSON.parse(read('package.json')) as { tap: { plugin: string[] } }
const wanted = createHash('sha256').update(read('package-lock.json')).update(String(tap.plugin)).digest('hex')

// `npm ci` removes it together with what was built.
const folder = join(root, 'node_modules/.cache/gatehouse')
const built = join(folder, 'tap')
if (!existsSync(built) || readFileSync(built, 'utf8') !== wanted) {
  const building = once(spawn(join(root, 'node_modules/.bin/tap'), ['build'], { cwd: root, stdio: 'inherit' }), 'exit')
  const { prepareTemplate } = await import('./template.ts')
  // The tests do it again, and say why it fails.
  await prepareTemplate().catch(() => {})
  const [code] = await building
  if (code !== 0) process.exit(1)
  mkdirSync(folder, { recursive: true })
  writeFileSync(built, wanted)
}
