import { once } from 'node:events'
import { createServer } from 'node:net'
import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/logging/log.ts'
import { serve } from '../../src/process/serve.ts'

/** Starts the service on a port that was taken after the check. */
const other = createServer().listen(0, '127.0.0.1')
await once(other, 'listening')
const { port } = other.address() as { port: number }
try {
  await serve({ ...loadConfig(), port }, createLog('silent'), {})
} catch (error) {
  process.stderr.write(`${port}: ${(error as Error).message}\n`)
  process.exit(1)
}
