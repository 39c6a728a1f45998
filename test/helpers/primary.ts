// A process above one worker, on any database; TEST_WORKER_FILE is what its worker runs.
import cluster from 'node:cluster'
import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/logging/log.ts'
import { runWorkers } from '../../src/process/primary.ts'

cluster.setupPrimary({ exec: process.env.TEST_WORKER_FILE ?? 'src/server.ts' })
await runWorkers(loadConfig(), createLog('info'))
