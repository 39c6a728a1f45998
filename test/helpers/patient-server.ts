import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/logging/log.ts'
import { serve } from '../../src/process/serve.ts'

/** No limit on the event loop's delay: beside a browser the service waits for the CPU, and must not refuse a page for that. */
const patient = { maxEventLoopDelay: 0 }

const config = loadConfig()
await serve({ ...config, ...patient }, createLog(config.logLevel))
