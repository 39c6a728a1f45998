import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/config.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createLog } from '../../src/logging/log.ts'

/** Microseconds by which this service is slower when the bench says that somebody is known: bench/timing.ts must notice. */
const leak = Number(process.env.LEAK)

const config = loadConfig()
const app = await buildApp(config, { log: createLog(config.logLevel) })
await migrate(app.db, app.log)
await app.revocations.catchUp()
app.server.prependListener('request', ({ headers }) => {
  const end = performance.now() + leak / 1000
  while (headers['x-known'] === 'yes' && performance.now() < end);
})
await app.listen({ host: config.host, port: config.port })
process.stdout.write(`listens on ${app.listeningOrigin} \n`)
