import { mock } from 'node:test'
import fastify from 'fastify'
import { test } from 'tap'
import { pressure } from '../../plugins/pressure.ts'
import { problemDetails } from '../../plugins/problems.ts'
import { startApp } from '../helpers/app.ts'

test('under pressure requests are refused before any work, health tells, and it is over when it is over', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const now = { heap: 0.1, memory: 0.1 }
  const app = fastify()
  app.decorate('metrics', undefined)
  app.decorate('securityHeaders', {})
  await app.register(problemDetails)
  await app.register(pressure, { memory: () => now })
  let worked = 0
  app.get('/work', async () => {
    worked += 1
    return 'done'
  })
  app.get('/health/live', async () => 'alive')
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal((await app.inject('/work')).statusCode, 200)

  now.heap = 0.99
  mock.timers.tick(500)
  t.equal(app.pressure(), 'heap')
  const refused = await app.inject('/work')
  t.match(refused, { statusCode: 503, headers: { 'retry-after': '1' } })
  t.match(refused.json(), { code: 'unavailable' })
  t.equal((await app.inject('/health/live')).statusCode, 200)
  t.equal(worked, 1)

  now.heap = 0.5
  mock.timers.tick(250)
  t.equal(app.pressure(), undefined)
  t.equal((await app.inject('/work')).statusCode, 200)
  await app.close()
})

test('the health of a service under pressure is that of one that refuses', async (t) => {
  const { app, anyone } = await startApp(t)
  t.equal((await anyone.get('/health')).statusCode, 200)
  app.pressure = () => 'event loop'
  t.match((await anyone.get('/health')).json(), { status: 503, code: 'unavailable' })
  t.equal((await anyone.get('/health/live')).statusCode, 200)
  t.equal((await anyone.get('/health/ready')).statusCode, 200, 'or one would burden the others')
})
