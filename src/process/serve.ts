import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { buildApp } from '../app.ts'
import type { Config } from '../config/config.ts'
import { prepareDatabase } from '../database/prepare.ts'
import { flushed } from '../logging/destination.ts'
import { fillTaskKeys } from '../repositories/task-key-filling.ts'
import { nameDatabase, welcome } from './banner.ts'
import { explainPort } from './ports.ts'
import { closeOnce, signals } from './workers.ts'

/** Milliseconds that requests in flight get to finish: within the ten seconds that whoever waits for the end gives it. */
const patience = 9_000

/** Milliseconds that the start waits for the keys of tasks that an earlier release wrote. */
const fillingPatience = 3_000

/** A process that serves requests, until it is told to end. */
export async function serve(config: Config, log: Logger): Promise<void> {
  const { worker } = cluster
  const app = await buildApp(config, { log })
  const delay = patience + config.drainDelay * 1000
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
    const migrations = await prepareDatabase(app.db, config, log)
    if (migrations.length > 0) log.info({ migrations }, 'migrated the database')
    // In the background where it takes longer.
    await Promise.race([fillTaskKeys(app.db), sleep(fillingPatience, undefined, { ref: false })])
    await app.revocations.catchUp()
    const { host, port } = config
    await app.listen({ host, port }).catch((error) => {
      throw new Error(explainPort(error, host, port))
    })
    if (!config.rateLimit.enabled) log.warn('rate limits are off: for load tests only')
    if (worker) worker.send({ listening: app.listeningOrigin })
    else process.stdout.write(welcome(app.listeningOrigin, config))
  }
  // What fails because the service is told to end is no failure of the start.
  await Promise.race([start(), closing.promise])
}
