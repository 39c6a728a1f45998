import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { servePatiently } from '../helpers/process.ts'
import { cloneTemplate } from '../helpers/template.ts'

const page = await readFile(new URL('../../docs/quickstart.md', import.meta.url), 'utf8')
const separator = '--- next block ---'

/** The page's commands with their documented output: a JSON block right after the commands, or nothing. */
const steps = [...page.matchAll(/```sh\n(.*?)```(?:\n\n```json\n(.*?)\n```)?/gs)].map(
  ([, commands = '', printed = '']) => ({ commands, printed })
)

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** `...` in the page stands for varying text. */
const patternOf = (printed: string) => new RegExp(`^${printed.split('...').map(literal).join('[^"]+')}$`)

test('the quickstart prints what it says, from registration to logout', async (t) => {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const { url } = await servePatiently(t, { ...database.settings, LOG_LEVEL: 'warn' })
  const address = 'api=http://127.0.0.1:8000\n'
  t.ok(page.includes(address), 'the page names the default address once')
  const script = steps
    .map(({ commands }) => commands.replace(address, `api=${url}\n`))
    .join(`echo; echo '${separator}'\n`)
  const path = [dirname(process.execPath), process.env.PATH].join(':')
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...process.env, PATH: path }
  })
  const printed = stdout.split(separator).map((text) => text.trim())
  t.equal(printed.length, steps.length)
  for (const [index, step] of steps.entries()) t.match(printed[index], patternOf(step.printed), step.commands)
})
