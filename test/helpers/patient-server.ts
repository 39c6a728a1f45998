// The service beside a browser, which takes the time of the CPU; and with cheap hashes.
import { loadConfig } from '../../src/config/config.ts'
import { createLog } from '../../src/logging/log.ts'
import { serve } from '../../src/process/serve.ts'
import { tasks } from '../../src/product/tasks.ts'
import { cheapestHash, patient } from './patient.ts'

const config = loadConfig(undefined, undefined, tasks.settings)
await serve({ ...config, ...patient, bcryptCost: cheapestHash }, createLog(config.logLevel), tasks)
