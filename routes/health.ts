import { ref } from '../schemas/common.ts'
import { Health } from '../schemas/health.ts'
import { createPing } from '../src/database/ping.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['health']
const response = { 200: ref(Health) }
const health = { operationId: 'getHealth', tags, response, summary: 'The state of the service and of its dependencies' }
const live = { operationId: 'getLiveness', tags, response, summary: 'Liveness: whether the process runs' }
const ready = {
  operationId: 'getReadiness',
  tags,
  response,
  summary: 'Readiness: whether to send requests to this process'
}

export const healthRoutes: Routes = async function healthRoutes(app) {
  const pingPool = createPing(app.db)
  const pingDatabase = createPing(app.own)

  async function checkDatabase(ping: () => Promise<void>): Promise<Health> {
    try {
      await ping()
      await app.revocations.ensure()
    } catch (error) {
      throw problems.unavailable(`database: ${(error as Error).message}`)
    }
    return { status: 'ok', database: 'ok', revocation_staleness_ms: app.revocations.staleness() }
  }

  // Pressure does not affect readiness: a load balancer would move the load to other instances until all are
  // overloaded.
  app.get('/health', { schema: health }, () => {
    if (app.isOverloaded()) throw problems.unavailable('pressure')
    return checkDatabase(pingPool)
  })

  app.get('/health/live', { schema: live }, async () => ({ status: 'ok' as const }))

  // A separate connection: clients can fill the pool's queue, which says nothing about the database.
  app.get('/health/ready', { schema: ready }, () => {
    if (app.isDraining()) throw problems.unavailable('closing')
    return checkDatabase(pingDatabase)
  })
}
