import { once } from 'node:events'
import type { Socket } from 'node:net'
import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { openRedis, type RedisTimes } from '../../src/redis/redis.ts'
import { captureLog } from '../helpers/log.ts'
import { redisLikeServer } from '../helpers/redis.ts'
import * as wait from '../helpers/wait.ts'

const secrets = [{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }]
const script = { kind: 'test', lua: 'return {1}' }

async function start(t: Test, times: RedisTimes) {
  const server = await redisLikeServer(t)
  const { log, lines, says } = captureLog()
  const shared = openRedis(server.url, secrets, log, times)
  t.teardown(shared.close)
  const probes = () => server.commands.filter((command) => command[3]?.startsWith('gatehouse:probe:')).length
  const until = (count: number) => wait.until(`${count} probes`, () => probes() >= count)
  return { server, shared, lines, says, probes, until }
}

test('only one probe is sent at a time, however long its answer takes', async (t) => {
  const { server, shared, says, probes, until } = await start(t, { commandTimeout: 200, retryInterval: 5 })
  await says(/^Redis is available/)
  server.hang()
  const before = probes()
  t.equal(await shared.run(script, [], []), undefined)
  await until(before + 2)
  t.equal(probes(), before + 2, 'not one each 5 ms')
})

test('a late answer after close has no effect', async (t) => {
  const { server, shared, lines, says, probes } = await start(t, { commandTimeout: 1_000, retryInterval: 5 })
  await says(/^Redis is available/)
  server.hang()
  const before = probes()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const late = shared.run(script, [], [])
  mock.timers.tick(1_000)
  t.equal(await late, undefined)
  await says(/^Redis is unavailable/)
  await wait.until('a probe', () => {
    mock.timers.tick(5)
    return probes() > before
  })
  shared.close()
  server.goOn()
  await once(server.sockets.at(-1) as Socket, 'close')
  t.equal(lines.length, 2)
  t.equal(await shared.run(script, [], []), undefined)
})
