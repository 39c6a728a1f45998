// The last step of `npm ci`, which makes the first start fast: creates the template of the embedded database, and
// starts the service once, so that Node.js caches the compiled code (src/process/runtime.js).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../app.ts'
import { loadConfig } from '../config/config.ts'
import { makeTemplate } from '../database/make-template.ts'
import { createLog } from '../logging/log.ts'
import '../process/serve.ts'
import { tasks } from '../product/tasks.ts'

await makeTemplate()
const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-'))
const log = createLog('silent')
const config = loadConfig({ DATA_DIR: dataDir }, [], tasks.settings)
const app = await buildApp({ ...tasks, config, log })
await app.migrate()
await app.inject('/health')
await app.close()
await rm(dataDir, { recursive: true })
