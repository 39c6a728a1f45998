import { AsyncLocalStorage } from 'node:async_hooks'
import { mock } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import { problemDetails } from '../../plugins/problems.ts'
import { turns } from '../../plugins/turns.ts'
import { poolsOf } from '../../src/database/pools.ts'
import { startApp } from '../helpers/app.ts'
import * as wait from '../helpers/wait.ts'

const until = (condition: () => boolean, what: string) => wait.until(what, condition)

const isIdle = ({ db }: Pick<FastifyInstance, 'db'>) => {
  const { total, waiting } = poolsOf(db).turns ?? {}
  return total === 0 && waiting === 0
}

const context = new AsyncLocalStorage<string>()

/** Routes whose handlers end when released; a header names the user. */
async function start(t: Test, isEmbedded = false, clock = () => 0, queueWait?: number) {
  const app = fastify()
  t.teardown(() => app.close())
  const open: { end: () => void }[] = []
  const at: { user: string; context: string | undefined; end: () => void }[] = []
  app.decorate('securityHeaders', {})
  await app.register(problemDetails)
  await app.register(fp(async (app) => void app.decorate('db', {} as typeof app.db), { name: 'database' }))
  await app.register(fp(async () => {}, { name: 'authentication' }))
  await app.register(turns, {
    isEmbedded,
    bounds: { slots: 3, perKey: 2, waiting: 3, patience: isEmbedded ? 1 : 60_000 },
    queueWait,
    clock
  })
  app.register(async function authenticated(app) {
    app.takeTurns()
    app.addHook('onRequest', async (request) => {
      request.user = { id: String(request.headers.user) } as typeof request.user
    })
    const work = async ({ user }: { user: { id: string } }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      at.push({ user: user.id, context: context.getStore(), end: resolve })
      await promise
      return 'done'
    }
    app.get('/work', work)
    app.get('/hash', { config: { turn: 'hash' } }, work)
    app.get('/free', { config: { turn: 'none' } }, async () => 'free')
    app.get('/own', async (_request, reply) => {
      reply.hijack()
      reply.raw.end('own')
    })
    app.get('/soon', (_request, reply) => {
      reply.hijack()
      reply.raw.end('soon')
    })
    app.get('/open', async (_request, reply) => {
      reply.hijack()
      open.push(reply.raw)
    })
    app.get('/gone', async (_request, reply) => {
      await new Promise((resolve) => reply.raw.once('close', resolve).destroy())
      reply.hijack()
      throw new Error('gone')
    })
    app.get('/raw', async (_request, reply) => {
      reply.raw.end('raw')
      return reply
    })
    app.get('/wrong', async () => {
      throw new Error('wrong')
    })
  })
  await app.ready()
  const get = (user: string, url = '/work') => app.inject({ url, headers: { user } })
  const end = (user: string) =>
    at
      .splice(
        at.findIndex((one) => one.user === user),
        1
      )[0]
      ?.end()
  return { app, get, at, open, end, users: () => at.map(({ user }) => user) }
}

test('a user with many requests leaves slots to others, and delays only their own requests', async (t) => {
  const { app, get, at, end, users } = await start(t)
  const ann = Array.from({ length: 5 }, () => get('ann'))
  await until(() => at.length === 2, 'two of hers')
  t.match(poolsOf(app.db), { turns: { total: 2, idle: 0, waiting: 3 } })
  const ben = [get('ben'), get('ben')]
  await until(() => at.length === 3, 'one of his')
  t.strictSame(users(), ['ann', 'ann', 'ben'])
  end('ann')
  await until(() => at.length === 3, 'the next')
  const order = [...users()]
  end('ann')
  await until(() => at.length === 3, 'the one after')
  t.ok([...order, ...users()].filter((user) => user === 'ben').length > 1, 'both of his come before all of hers')
  const all = Promise.all([...ann, ...ben])
  for (let ended = 2; ended < 7; ended++) {
    await until(() => at.length > 0, 'work')
    at.shift()?.end()
  }
  t.ok((await all).every(({ statusCode }) => statusCode === 200))
  await until(() => isIdle(app), 'the end of all turns')
})

test('a request that waited for its turn keeps its AsyncLocalStorage context', async (t) => {
  const { get, at } = await start(t)
  const answers = ['first', 'second', 'third'].map((name) => context.run(name, () => get('ann')))
  for (const name of ['first', 'second', 'third']) {
    await until(() => at.length > 0, 'work')
    const work = at.shift()
    t.equal(work?.context, name)
    work?.end()
  }
  await Promise.all(answers)
})

/** How many turns of the event loop pass before the third request of a user starts, after one that took this long. */
async function turnsBefore(t: Test, isEmbedded: boolean, milliseconds: number): Promise<number> {
  let now = 0
  const { get, at, end } = await start(t, isEmbedded, () => now, 60_000)
  const work = [get('ann'), get('ann'), get('ann')]
  await until(() => at.length === 2, 'two of hers')
  now += milliseconds
  end('ann')
  let passed = 0
  while (at.length < 2 && passed < 100) {
    await new Promise(setImmediate)
    passed += 1
  }
  for (const { end } of at) end()
  await Promise.all(work)
  return passed
}

test('with the embedded engine the next request waits one turn of the event loop per millisecond of the last one, up to 64', async (t) => {
  for (const [milliseconds, turns] of [
    [0, 1],
    [20, 20],
    [1_000, 64]
  ] as const) {
    const passed = await turnsBefore(t, true, milliseconds)
    t.ok(passed >= turns && passed < turns + 10, `${milliseconds} ms: ${passed} turns of the event loop`)
  }
})

test('with PostgreSQL the next request starts as soon as one is answered', async (t) => {
  const passed = await turnsBefore(t, false, 1_000)
  t.ok(passed < 10, `${passed} turns of the event loop`)
})

test('beyond the queue limit a user gets 429, and other users do not', async (t) => {
  const { get, at } = await start(t)
  const waiting = Array.from({ length: 5 }, () => get('ann'))
  await until(() => at.length === 2, 'two of hers')
  const refused = await get('ann')
  t.match(refused, { statusCode: 429, headers: { 'retry-after': '1' } })
  t.equal(refused.json().code, 'too_many_requests')
  const ben = get('ben')
  for (let ended = 0; ended < 6; ended++) {
    await until(() => at.length > 0, 'work')
    at.shift()?.end()
  }
  t.ok((await Promise.all([...waiting, ben])).every(({ statusCode }) => statusCode === 200))
})

test('a request that waits too long is refused, and holds no slot', async (t) => {
  const { app, get, at } = await start(t, true)
  const first = [get('ann'), get('ann')]
  await until(() => at.length === 2, 'two of hers')
  t.match(await get('ann'), { statusCode: 503, headers: { 'retry-after': '1' } })
  t.match(poolsOf(app.db), { turns: { total: 2, waiting: 0 } })
  for (const { end } of at) end()
  await Promise.all(first)
  t.equal((await get('ann', '/wrong')).statusCode, 500)
  await until(() => isIdle(app), 'the end of all turns, also of the handler that threw')
})

test('a request whose turn has come may take longer than it could have waited', async (t) => {
  const { get, at, end } = await start(t)
  const work = (count: number) => until(() => at.length >= count, `${count} at work`)
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const answers = [get('ann'), get('ann'), get('ann')]
    await work(2)
    end('ann')
    await work(2)
    mock.timers.tick(60_000)
    for (const { end } of at) end()
    for (const { statusCode } of await Promise.all(answers)) t.equal(statusCode, 200)
  } finally {
    mock.timers.reset()
  }
})

test('how long requests wait can be chosen for all routes', async (t) => {
  const { get, at } = await start(t, false, undefined, 1)
  const work = [get('ann'), get('ann'), ...Array.from({ length: 4 }, () => get('ann', '/hash'))]
  await until(() => at.length === 6, 'four hashes beside two queries')
  t.equal((await get('ann')).statusCode, 503)
  t.equal((await get('ann', '/hash')).statusCode, 503)
  for (const { end } of at) end()
  await Promise.all(work)
})

test('routes without queries need no turn, and routes that hash have their own queue', async (t) => {
  const { get, at } = await start(t)
  const working = [get('ann'), get('ann')]
  await until(() => at.length === 2, 'two of hers')
  t.equal((await get('ann', '/free')).body, 'free')
  const hashing = get('ann', '/hash')
  await until(() => at.length === 3, 'her hash')
  for (const { end } of at) end()
  await Promise.all([...working, hashing])
})

test('a request that hashes waits longer for its turn than a query', async (t) => {
  const { get, at } = await start(t, true)
  const work = [get('ann'), get('ann')]
  const hashes = Array.from({ length: 5 }, () => get('ann', '/hash'))
  await until(() => at.length === 6, 'four hashes beside two queries')
  t.equal((await get('ann')).statusCode, 503, 'a query has waited for too long')
  for (const { end } of at.splice(0)) end()
  await until(() => at.length === 1, 'the fifth hash')
  at[0]?.end()
  for (const answer of await Promise.all([...work, ...hashes])) t.equal(answer.statusCode, 200)
})

test('every protected route takes turns, except the one without queries', async (t) => {
  const { app, signUp } = await startApp(t)
  const ann = await signUp()
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => ann.get(i % 2 ? '/api/tasks' : '/api/auth/me')))
  t.ok(all.every(({ statusCode }) => statusCode === 200))
  await until(() => isIdle(app), 'the end of all turns')
  const ready = await app.inject('/health/ready')
  t.equal(ready.statusCode, 200)
})

for (const isEmbedded of [false, true])
  test(`a handler that answers by itself gives its turn back${isEmbedded ? ', with the embedded engine' : ''}`, async (t) => {
    const { app, get, open } = await start(t, isEmbedded, () => 0, 60_000)
    for (const url of ['/own', '/soon', '/raw'])
      for (let i = 0; i < 3; i++) t.equal((await get('ann', url)).body, url.slice(1))
    const kept = [get('ann', '/open'), get('ann', '/open'), get('ann', '/open')]
    await until(() => open.length === 3, 'three responses that stay open')
    await until(() => isIdle(app), 'the end of all turns')
    for (const response of open) response.end()
    await Promise.all(kept)
    for (let i = 0; i < 3; i++) await t.rejects(get('ann', '/gone'), 'the client has left before')
    await until(() => isIdle(app), 'the end of all turns')
  })
