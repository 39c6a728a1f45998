import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from '../app.ts'
import type { Config } from '../config/config.ts'
import { flushed } from '../logging/destination.ts'
import type { Product } from '../product/product.ts'
import { nameDatabase, welcome } from './banner.ts'
import { explainPort } from './ports.ts'
import { closeOnce, signals } from './workers.ts'

/** Milliseconds for requests in flight to finish; supervisors usually allow ten seconds. */
const closeTimeout = 9_000

/** Milliseconds that the start waits for the product; then it continues in the background. */
const preparingTimeout = 3_000

export async function serve(config: Config, log: Logger, product: Product): Promise<void> {
  const { worker } = cluster
  const app = await buildApp({ ...product, config, log })
  const delay = closeTimeout + config.drainDelay * 1000
  const { close } = closeWithGrace({ delay, logger: log, skip: [...signals] }, async ({ err }) => {
    if (err) log.fatal({ err }, 'closing after a fault')
    if (!err) await app.drain(config.drainDelay)
    await app.close()
    await flushed(log)
  })
  const closing = Promise.withResolvers<void>()
  closeOnce((signal) => {
    log.info({ signal }, 'closing')
    closing.resolve()
    void close()
  })

  async function start(): Promise<void> {
    log.info({ database: nameDatabase(config) }, 'opening the database')
    const migrations = await app.migrate()
    if (migrations.length > 0) log.info({ migrations }, 'migrated the database')
    await Promise.race([product.beforeListening?.(app.db), sleep(preparingTimeout, undefined, { ref: false })])
    await app.revocations.catchUp()
    await app.signingKeys.prepare()
    const { host, port } = config
    await app.listen({ host, port }).catch((error) => {
      throw new Error(explainPort(error, host, port))
    })
    if (!config.mail)
      log.warn('mail is not configured: without SMTP_URL, MAIL_FROM and APP_URL nobody can reset a forgotten password')
    if (!config.rateLimit.enabled) log.warn('rate limits are off: for load tests only')
    if (worker) worker.send({ listening: app.listeningOrigin })
    else process.stdout.write(welcome(app.listeningOrigin, config))
  }
  // A start that fails because of a signal to end is not an error.
  await Promise.race([start(), closing.promise])
}
