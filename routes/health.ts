import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { Health } from '../schemas/health.ts'
import { createPing } from '../src/database/ping.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['health']
const health = {
  operationId: 'getHealth',
  tags,
  summary: 'The state of the service and of its dependencies',
  description:
    'For people and monitoring. 503 means that the process is overloaded, or that requests cannot reach the database.',
  response: { 200: answer('The service and its dependencies work', ref(Health)) }
}
const live = {
  operationId: 'getLiveness',
  tags,
  summary: 'Liveness: whether the process runs',
  description:
    'For an orchestrator that restarts a process without an answer. It asks no dependency, because a restart would not ' +
    'repair one.',
  response: { 200: answer('The process runs', ref(Health)) }
}
const ready = {
  operationId: 'getReadiness',
  tags,
  summary: 'Readiness: whether to send requests to this process',
  description:
    'For a load balancer. 503 means that the database does not answer or that the process is about to end: send requests ' +
    'to another one.',
  response: { 200: answer('The process takes requests', ref(Health)) }
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
