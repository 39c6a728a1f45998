import { fstatSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { examineSurroundings, examineToken } from '../doctor/examine.ts'
import { format } from '../doctor/findings.ts'
import { sendTestMail } from '../doctor/mail-checks.ts'
import { watchOutput } from '../process/output.ts'
import type { Product } from '../product/product.ts'
import { tasks } from '../product/tasks.ts'
import { loadSettings } from './settings.ts'

/** The token from the command line or standard input, if any. */
async function givenToken(): Promise<string | undefined> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { token: { type: 'string' } } })
  const piped = fstatSync(0).isCharacterDevice() ? '' : await text(process.stdin)
  return values.token ?? positionals[0] ?? (piped.trim() || undefined)
}

/** Explains what is wrong with the surroundings of the service, or with a token. */
export async function run(product: Product): Promise<void> {
  watchOutput()
  const config = loadSettings(product)

  async function examine() {
    const [command, recipient] = process.argv.slice(2)
    if (command === 'mail') return [await sendTestMail(config, recipient ?? '')]
    const token = await givenToken()
    return token === undefined ? examineSurroundings(config, product) : examineToken(token, config, product, Date.now)
  }

  try {
    const findings = await examine()
    process.stdout.write(findings.map(format).join(''))
    process.exitCode = findings.some(({ ok }) => ok === false) ? 1 : 0
  } catch (error) {
    process.stderr.write(`Not checked: ${(error as Error).message}\n`)
    process.exitCode = 2
  }
}

if (import.meta.main) await run(tasks)
