import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openapiYaml } from '../../plugins/openapi.ts'
import { buildApp } from '../app.ts'
import { loadConfig } from '../config/config.ts'
import { createLog } from '../logging/log.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: 'boolean' } } })
const file = positionals[0] ?? new URL('../../openapi.yaml', import.meta.url)

/** Writes openapi.yaml from the schemas; with --check, fails if the file differs. */
const app = await buildApp(loadConfig({ BETTER_AUTH_SECRET: 'only-the-schemas-are-of-interest' }), {
  log: createLog('silent')
})
await app.ready()
const contract = openapiYaml(app.swagger())
await app.close()

if (!values.check) await writeFile(file, contract)
else if (contract !== (await readFile(file, 'utf8').catch(() => ''))) {
  process.stderr.write('openapi.yaml differs from the schemas; run: npm run openapi\n')
  process.exitCode = 1
} else process.stdout.write('openapi.yaml matches the schemas\n')
