import cluster from 'node:cluster'
import { loadConfig } from './config/config.ts'
import { createLog } from './logging/log.ts'
import { checkPorts } from './process/ports.ts'

try {
  const config = loadConfig(undefined, process.argv.slice(2))
  const log = createLog(config.logLevel)
  if (cluster.isPrimary) await checkPorts(config)
  const isAbove = config.workers > 1 && cluster.isPrimary
  const run = isAbove ? (await import('./process/primary.ts')).runWorkers : (await import('./process/serve.ts')).serve
  await run(config, log.child({ worker: config.worker }))
} catch (error) {
  const { message } = error as Error
  if (cluster.worker) cluster.worker.send({ failed: message }, () => process.exit(1))
  else {
    process.stderr.write(`Gatehouse did not start. ${message}\n`)
    process.exit(1)
  }
}
