import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openapiYaml } from '../../plugins/openapi.ts'
import { buildApp } from '../app.ts'
import { contractConfig } from '../config/config.ts'
import { createLog } from '../logging/log.ts'
import { watchOutput } from '../process/output.ts'
import { commandText } from '../process/program.ts'
import type { Product } from '../product/product.ts'
import { tasks } from '../product/tasks.ts'

/** Writes the contract from the schemas into a file; with --check, fails if the file differs. */
export async function run(product: Product, usual: string | URL = 'openapi.yaml'): Promise<void> {
  watchOutput()
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: 'boolean' } } })
  const file = positionals[0] ?? usual
  const config = contractConfig(product.settings)
  const app = await buildApp({ ...product, config, log: createLog('silent') })
  await app.ready()
  const contract = openapiYaml(app.swagger())
  await app.close()

  if (!values.check) await writeFile(file, contract)
  else if (contract !== (await readFile(file, 'utf8').catch(() => ''))) {
    process.stderr.write(`openapi.yaml differs from the schemas; run: ${commandText('openapi')}\n`)
    process.exitCode = 1
  } else process.stdout.write('openapi.yaml matches the schemas\n')
}

if (import.meta.main) await run(tasks, new URL('../../openapi.yaml', import.meta.url))
