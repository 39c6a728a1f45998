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
    /** Counts requests and problems; undefined without METRICS_PORT. */
    metrics?: Metrics
  }
}

interface Options extends Omit<Sources, 'pools'> {
  db: Kysely<Database>
  listen: { host: string; port: number }
}

export const metrics = fp(
  async function metrics(app, { listen, db, ...sources }: Options) {
    const counted = createMetrics({ ...sources, pools: () => poolsOf(db) })
    app.decorate('metrics', counted)
    // With workers, the primary process serves the metrics of all.
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
