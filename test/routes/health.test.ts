import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { Kysely, PGliteDialect } from 'kysely'
import { test } from 'tap'
import { healthRoutes } from '../../routes/health.ts'
import { Health } from '../../schemas/health.ts'
import type { Database } from '../../src/database/tables.ts'
import { startApp } from '../helpers/app.ts'
import { ourToken } from '../helpers/mint.ts'
import { countQueries } from '../helpers/queries.ts'

/** A port that nothing listens on, like a database that is down. */
const down = { DATABASE_URL: 'postgres://ann:hush-hush@localhost:1/tasks' }

test('a healthy service answers 200', async (t) => {
  const { anyone } = await startApp(t)
  for (const path of ['/health', '/health/ready']) {
    const { revocation_staleness_ms, ...answer } = (await anyone.get(path)).json()
    t.strictSame(answer, { status: 'ok', database: 'ok' })
    t.ok(revocation_staleness_ms >= 0 && revocation_staleness_ms < 5_000, 'how much it knows')
  }
  t.strictSame((await anyone.get('/health/live')).json(), { status: 'ok' })
})

test('with the database down, its routes answer 503 and the process is live', async (t) => {
  const { app, anyone, lines } = await startApp(t, { settings: down })
  t.equal((await anyone.get('/health/live')).statusCode, 200)
  const headers = { authorization: `Bearer ${ourToken()}` }
  const calls = [
    anyone.get('/health'),
    anyone.get('/health/ready'),
    anyone.get('/api/auth/me', undefined, { headers }),
    anyone.get('/api/tasks', undefined, { headers }),
    anyone.post('/api/tasks', { title: 'x' }, { headers }),
    anyone.get('/api/auth/profile', undefined, { headers }),
    anyone.post('/api/auth/login', { email: 'ann@example.com', password: 'correct-horse-7' })
  ]
  for (const answer of await Promise.all(calls)) {
    t.match(answer.json(), { status: 503, code: 'unavailable' })
    t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
    t.notMatch(answer.body, /ECONNREFUSED|localhost|hush/)
  }
  t.match(JSON.stringify(lines), 'ECONNREFUSED')
  t.notMatch(JSON.stringify(lines), 'hush-hush')
  t.equal((await app.inject('/health/live')).statusCode, 200)
})

test('a process that cannot tell what was revoked is not ready', async (t) => {
  const { app, anyone } = await startApp(t)
  t.capture(app.revocations, 'ensure', () => Promise.reject(new Error('the revocations are unknown')))
  for (const path of ['/health', '/health/ready']) t.equal((await anyone.get(path)).statusCode, 503, path)
})

test('a process whose connections all serve requests is ready, because readiness has a connection of its own', async (t) => {
  const { app: started } = await startApp(t)
  const full = async () => Promise.reject(new Error('all connections are in use'))
  const app = Fastify()
  app.addSchema(Health)
  app.decorate('db', new Kysely<Database>({ dialect: new PGliteDialect({ pglite: full }) }))
  app.decorate('own', started.own)
  app.decorate('revocations', started.revocations)
  app.decorate('isOverloaded', () => false)
  app.decorate('isDraining', () => false)
  app.register(healthRoutes)
  t.equal((await app.inject('/health/ready')).statusCode, 200)
  t.equal((await app.inject('/health')).statusCode, 503, 'which requests see')
})

test('concurrent health checks cost one query', async (t) => {
  const { app, anyone } = await startApp(t)
  const queriesOf = countQueries(t, app)
  const checks = async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => anyone.get('/health')))
    t.ok(answers.every(({ statusCode }) => statusCode === 200))
  }
  t.equal(await queriesOf(checks), 1)
})

test('a process that is closing is not ready', async (t) => {
  const { app } = await startApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: gatehouse\r\n`
  socket.write(`${request('/health/live')}\r\n${request('/health/ready')}`)
  await once(socket, 'readable')
  const answers = text(socket)
  const closed = app.close()
  socket.write('\r\n')
  t.match(await answers, /^HTTP\/1.1 200 OK.*HTTP\/1.1 503 Service Unavailable.*"unavailable"/s)
  await closed
})
