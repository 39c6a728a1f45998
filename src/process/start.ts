import cluster from 'node:cluster'
import { loadConfig } from '../config/config.ts'
import { createLog } from '../logging/log.ts'
import type { Product } from '../product/product.ts'
import { checkPorts } from './ports.ts'
import { nameProgram, programText } from './program.ts'

/** The commands of the service, which read process.argv themselves. */
const commands: Record<string, () => Promise<{ run?: (product: Product) => Promise<void> }>> = {
  start: async () => ({ run: listen }),
  '--help': async () => ({ run: async () => void process.stdout.write(usage()) }),
  migrate: () => import('../commands/migrate.ts'),
  openapi: () => import('../commands/openapi.ts'),
  users: () => import('../commands/users.ts'),
  keys: () => import('../commands/keys.ts'),
  doctor: () => import('../commands/doctor.ts'),
  audit: () => import('../commands/audit.ts'),
  import: () => import('../commands/import.ts'),
  export: () => import('../commands/export.ts')
}

async function listen(product: Product): Promise<void> {
  try {
    const config = loadConfig(undefined, process.argv.slice(2), product.settings, product.api?.title)
    const log = createLog(config.logLevel)
    if (cluster.isPrimary) await checkPorts(config)
    const isAbove = config.workers > 1 && cluster.isPrimary
    const run = isAbove ? (await import('./primary.ts')).runWorkers : (await import('./serve.ts')).serve
    await run(config, log.child({ worker: config.worker }), product)
  } catch (error) {
    const { message } = error as Error
    if (cluster.worker) cluster.worker.send({ failed: message }, () => process.exit(1))
    else {
      process.stderr.write(`${product.api?.title ?? 'Gatehouse'} did not start. ${message}\n`)
      process.exit(1)
    }
  }
}

const usage = () => `Usage: ${programText()} [COMMAND] [OPTION]...

start     migrates the database and listens; also without a command (--workers N)
migrate   migrates the database only
openapi   writes openapi.yaml, or compares it (--check)
users     finds, shows and changes accounts
keys      shows and rotates the keys that sign access tokens
audit     verifies, exports and prunes the audit log
import    copies users from another system
export    copies users to another system
doctor    explains why a token is refused

The settings are environment variables: see docs/settings.md.
`

/**
 * The whole program of a product: listens, or carries out the command that the command line names first (`migrate`, `users` ...).
 * A start that fails prints one message and ends the process.
 */
export async function start(product: Product = {}): Promise<void> {
  nameProgram(process.argv[1])
  const name = process.argv[2] ?? ''
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!load) return listen(product)
  process.argv.splice(2, 1)
  const { run } = await load()
  await run?.(product)
}
