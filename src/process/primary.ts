import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { flushed } from '../logging/destination.ts'
import { welcome } from './banner.ts'
import { closeOnce, signals, startWorkers } from './workers.ts'

/** Milliseconds that workers have to finish after draining. */
const closeTimeout = 9_500

export async function runWorkers(config: Config, log: Logger): Promise<void> {
  // The workers accept connections themselves: round robin loses one that is handed to a killed worker.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  const drain = config.drainDelay * 1000
  const all = startWorkers(config.workers, {
    fork: (place) => cluster.fork({ GATEHOUSE_WORKER: String(place) }),
    giveUp,
    log
  })
  function giveUp(error: Error): void {
    log.fatal({ err: error }, 'workers keep failing')
    process.stderr.write(`${config.appName} stopped. ${error.message}\n`)
    void all.close(drain + closeTimeout).finally(() => process.exit(1))
  }
  const { close } = closeWithGrace(
    { delay: drain + closeTimeout + 500, logger: log, skip: [...signals] },
    async ({ err }) => {
      if (err) log.fatal({ err }, 'closing after a fault')
      await all.close(drain + closeTimeout)
      await flushed(log)
    }
  )
  closeOnce((signal) => {
    log.info({ signal }, 'closing')
    void close()
  })
  const origin = await all.first
  if (config.metrics) {
    const [{ serveMetrics }, { scrapeWorkers }] = await Promise.all([
      import('../observability/metrics-server.ts'),
      import('../observability/worker-metrics.ts')
    ])
    const { url } = await serveMetrics(
      config.metrics,
      scrapeWorkers(() => all.workers)
    )
    log.info({ url }, 'metrics')
  }
  if (config.rateLimit.enabled && !config.redisUrl)
    log.warn(
      { workers: config.workers },
      'without REDIS_URL each worker counts its own limits: together they allow more requests'
    )
  process.stdout.write(welcome(origin, config))
}
