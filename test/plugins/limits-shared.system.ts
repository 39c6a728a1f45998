import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { type Test, test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { personalTokensOf } from '../helpers/personal-tokens.ts'
import { redisLikeServer } from '../helpers/redis.ts'
import { skip, startRedis } from '../helpers/redis-server.ts'
import { server } from '../helpers/template.ts'

const max = 6

/**
 * A service that has connected to this Redis. Its timeout is longer than in production: otherwise, on a busy machine, a
 * process might count alone and allow more.
 */
async function start(t: Test, url: string, commandTimeout = 9_000, more: Record<string, string> = {}) {
  const limited = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: String(max), RATE_LIMIT_UNKNOWN: String(max) }
  const settings = { ...limited, REDIS_URL: url, ...more }
  const service = await startApp(t, { settings, redis: { commandTimeout } })
  await service.says(/^Redis is available/)
  return service
}
const attempt = async (app: FastifyInstance, url = '/api/auth/login') =>
  (await app.inject({ method: 'POST', url, payload: {} })).statusCode

/** The statuses of a number of attempts, alternating between the apps. */
async function attempts(apps: FastifyInstance[], count: number) {
  const statuses = []
  for (let i = 0; i < count; i++) statuses.push(await attempt(apps[i % apps.length] as FastifyInstance))
  return statuses
}
const allowed = (count: number, more: number) => [...Array(count).fill(400), ...Array(more).fill(429)]

test("Redis's count applies, for each limit separately", async (t) => {
  const server = await redisLikeServer(t)
  const { app } = await start(t, server.url)
  server.replies.push([7, 0, max - 1, 60_000], [7, 1, max, 5_000], [7, 0, 1, 60_000])
  t.equal(await attempt(app), 400)
  const refused = await app.inject({ method: 'POST', url: '/api/auth/login', payload: {} })
  t.match([refused.statusCode, refused.headers['retry-after']], [429, '5'])
  t.equal(await attempt(app, '/api/auth/register'), 400)
  t.equal(new Set(server.commands.slice(-3).map(([, , , , key]) => key)).size, 2, 'two keys')
})

test('a route without a limit does not query Redis', async (t) => {
  const server = await redisLikeServer(t)
  const { app, signUp } = await start(t, server.url)
  const ann = await signUp()
  const before = server.commands.length
  for (const url of ['/api/auth/me', '/api/tasks', '/api/auth/profile']) t.equal((await ann.get(url)).statusCode, 200)
  t.equal((await app.inject('/health')).statusCode, 200)
  t.equal((await app.inject('/api/tasks')).statusCode, 401)
  t.equal(server.commands.length, before)
})

test('two processes share their limits, also for unknown URLs', { skip }, async (t) => {
  const { url } = await startRedis(t)
  const apps = [(await start(t, url)).app, (await start(t, url)).app]
  t.strictSame(await attempts(apps, max + 4), allowed(max, 4))
  const lost = []
  for (let i = 0; i < max + 2; i++) lost.push((await (apps[i % 2] as FastifyInstance).inject(`/${i}`)).statusCode)
  t.strictSame(lost, [...Array(max).fill(404), 429, 429])
})

test('while Redis hangs or is down each process continues from the shared count, and updates Redis later', {
  skip
}, async (t) => {
  const redis = await startRedis(t)
  const services = [await start(t, redis.url, 2_000), await start(t, redis.url, 2_000)]
  const apps = services.map(({ app }) => app)
  t.strictSame(await attempts(apps, 4), allowed(4, 0))
  redis.signal('SIGSTOP')
  t.strictSame(await attempts(apps.slice(0, 1), 4), allowed(3, 1), 'one knew of three')
  redis.signal('SIGCONT')
  await services[0]?.says(/^Redis is available/)
  t.strictSame(await attempts(apps.slice(0, 1), 2), allowed(0, 2))

  await redis.kill()
  t.strictSame(await attempts(apps.slice(1), 4), allowed(2, 2))
  await redis.restart()
  await services[1]?.says(/^Redis is available/)
  t.strictSame(await attempts(apps, 4), allowed(0, 4), 'it has lost all, and is told')
})

/** Two services on one database and one Redis, and a personal access token. `statuses` sends requests with it, alternating. */
async function startWithToken(t: Test, commandTimeout?: number) {
  const redis = await startRedis(t)
  const settings = { RATE_LIMIT_TOKEN: String(max) }
  const one = await start(t, redis.url, commandTimeout, settings)
  const DATABASE_URL = one.config.databaseUrl ?? ''
  const other = await start(t, redis.url, commandTimeout, { ...settings, DATABASE_URL })
  const { program } = personalTokensOf(one.app)
  const ann = await one.signUp()
  const tokenOf = async () => (await program(ann)).token
  async function statuses(token: string, count: number, services = [one, other]) {
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      const { app } = services[i % services.length] as typeof one
      found.push((await app.inject({ url: '/api/tasks', headers: { authorization: `Bearer ${token}` } })).statusCode)
    }
    return found
  }
  return { redis, one, other, tokenOf, statuses }
}
const answered = (count: number, more: number) => [...Array(count).fill(200), ...Array(more).fill(429)]
const onServer = { skip: skip || (server ? false : 'needs TEST_DATABASE_URL: two processes share a database') }

test('two processes count the requests of a personal access token together, and each once', onServer, async (t) => {
  const { tokenOf, statuses, one } = await startWithToken(t)
  const [first, second] = [await tokenOf(), await tokenOf()]
  t.strictSame(await statuses(first, max + 3), answered(max, 3))
  t.strictSame(
    await statuses(second, max, [one]),
    answered(max, 0),
    'another token of that user has a count of its own'
  )
  const third = await tokenOf()
  const together = await Promise.all(Array.from({ length: max + 4 }, () => statuses(third, 2)))
  t.equal(together.flat().filter((status) => status === 200).length, max, 'also at the same time')
})

test(
  'the count of a personal access token survives a Redis that hangs, dies and comes back empty',
  onServer,
  async (t) => {
    const { redis, one, other, tokenOf, statuses } = await startWithToken(t, 2_000)
    const token = await tokenOf()
    t.strictSame(await statuses(token, 4), answered(4, 0))
    redis.signal('SIGSTOP')
    t.strictSame(await statuses(token, 4, [one]), answered(3, 1), 'one process knew of three requests')
    redis.signal('SIGCONT')
    await one.says(/^Redis is available/)
    t.strictSame(await statuses(token, 2, [one]), answered(0, 2))
    await redis.kill()
    t.strictSame(await statuses(token, 4, [other]), answered(2, 2), 'the other one knew of four')
    await redis.restart()
    for (const service of [one, other]) await service.says(/^Redis is available/)
    t.strictSame(await statuses(token, 4), answered(0, 4), 'Redis has lost all, and is told')
    t.strictSame(await statuses(await tokenOf(), max + 2), answered(max, 2), 'a new token counts over both again')
  }
)

test('key names reveal nothing about clients', { skip }, async (t) => {
  const { url } = await startRedis(t)
  const { app, signUp } = await start(t, url)
  const { email } = await signUp()
  await app.inject({ method: 'POST', url: '/api/auth/login', payload: { email, password: 'wrong' } })
  const admin = new Redis(url)
  t.teardown(() => admin.disconnect())
  const keys = await admin.keys('*')
  t.ok(keys.length >= 4)
  for (const key of keys) {
    t.match(key, /^gatehouse:(limit|throttle|probe):[\w-]{43}$/)
    t.ok((await admin.pttl(key)) !== -1, 'it goes by itself')
  }
})
