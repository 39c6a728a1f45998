import cluster from 'node:cluster'
import fp from 'fastify-plugin'
import type { Kysely } from 'kysely'
import { poolsOf } from '../src/database/pools.ts'
import type { Database } from '../src/database/tables.ts'
import { createMetrics, type Metrics, type Sources } from '../src/observability/metrics.ts'
import { serveMetrics } from '../src/observability/metrics-server.ts'
import { answerScrapes, type Channel } from '../src/observability/worker-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where requests and problems are counted; undefined where nobody asks. */
    metrics?: Metrics
  }
}

interface Options extends Omit<Sources, 'pools'> {
  db: Kysely<Database>
  /** Where to serve them. */
  listen: { host: string; port: number }
}

/** Metrics for Prometheus, on a port of their own. */
export const metrics = fp(
  async function metrics(app, { listen, db, ...sources }: Options) {
    const counted = createMetrics({ ...sources, pools: () => poolsOf(db) })
    app.decorate('metrics', counted)
    // One port for all workers: the process above has it.
    if (cluster.isWorker) {
      const stop = answerScrapes(counted.registry, process as Channel)
      app.addHook('onClose', async () => stop())
      return
    }
    const server = await serveMetrics(listen, () => counted.registry.metrics())
    app.addHook('onClose', server.stop)
    app.log.info({ url: server.url }, 'metrics')
  },
  { name: 'metrics' }
)
