import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { loadConfig } from './config.ts'
import { migrate } from './database/migrate.ts'
import { createLog } from './log.ts'
import { welcome } from './welcome.ts'

/** Milliseconds that requests in flight get to finish. */
const delay = 10_000

try {
  const config = loadConfig()
  const log = createLog(config.logLevel)
  const app = await buildApp(config, { log })
  closeWithGrace({ delay, logger: log }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'closing after a fault')
    else log.info({ signal }, 'closing')
    await app.close()
  })
  await migrate(app.db, app.log)
  await app.revocations.catchUp()
  await app.listen({ host: config.host, port: config.port })
  if (!config.rateLimit.enabled) log.warn('rate limits are off: for load tests only')
  process.stdout.write(welcome(app.listeningOrigin, config))
} catch (error) {
  process.stderr.write(`Gatehouse did not start. ${(error as Error).message}\n`)
  process.exit(1)
}
