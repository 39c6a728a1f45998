import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Test, test } from 'tap'
import { openRedis } from '../../src/redis/redis.ts'
import { captureLog } from '../helpers/log.ts'
import { redisLikeServer } from '../helpers/redis.ts'
import { until } from '../helpers/wait.ts'

const secrets = [{ kid: '1', secret: 'a-long-value-that-only-the-tests-know' }]
const script = { kind: 'test', lua: 'return {1}' }

async function start(t: Test, { commandTimeout = 60_000, retryInterval = 10 } = {}) {
  const server = await redisLikeServer(t)
  const { log, lines, says } = captureLog()
  const shared = openRedis(server.url, secrets, log, { commandTimeout, retryInterval })
  t.teardown(shared.close)
  return { server, shared, lines, says, ask: () => shared.run(script, ['ann@example.com'], [7]) }
}
const back = /^Redis is available/
const away = /^Redis is unavailable/

test('a script runs with hashed key names', async (t) => {
  const { server, ask, says, shared } = await start(t)
  t.equal(await ask(), undefined, 'not before Redis has answered')
  await says(back)
  server.replies.push([3, 4])
  t.strictSame(await ask(), [3, 4])
  const [, lua, keys, key, arg] = server.commands.at(-1) ?? []
  t.match([lua, keys, arg], [script.lua, '1', '7'])
  t.match(key, /^gatehouse:test:[\w-]{43}$/)
  server.replies.push([5])
  await shared.run({ ...script, kind: 'other' }, ['ann@example.com'], [])
  t.not(server.commands.at(-1)?.[3], key)
})

test('a Redis that hangs costs one timeout, then is probed in the background', async (t) => {
  const { server, ask, lines, says } = await start(t, { commandTimeout: 200, retryInterval: 250 })
  await says(back)
  const before = lines.length
  server.hang()
  t.strictSame(await Promise.all([ask(), ask(), ask()]), [undefined, undefined, undefined])
  const asked = server.commands.length
  const answers = await Promise.all(Array.from({ length: 1_000 }, ask))
  t.notOk(answers.some(Boolean))
  t.ok(server.commands.length - asked < 10, 'nobody asks it')
  t.equal(lines.slice(before).filter(({ msg }) => away.test(String(msg))).length, 1, 'said once')
  server.goOn()
  await says(back)
  // On a busy machine, an answer may come after the timeout.
  const answer = await until('an answer', () => {
    server.replies.push([1])
    return ask()
  })
  t.strictSame(answer, [1])
})

test('a Redis that restarts is found again', async (t) => {
  const { server, ask, says, shared } = await start(t)
  await says(back)
  await server.close()
  await says(away)
  t.equal(await ask(), undefined)
  t.doesNotThrow(() => shared.send(script, ['x'], []), 'nor is a thing that cannot be told an error')
  await server.open()
  await says(back)
  server.replies.push([2])
  t.strictSame(await ask(), [2])
})

test('an error of Redis counts as down, and its text is not logged with arguments', async (t) => {
  const { server, ask, says, lines } = await start(t)
  await says(back)
  server.replies.push("-ERR unknown command 'auth', with args beginning with: 'hush-hush'")
  t.equal(await ask(), undefined)
  await says(back)
  t.match(
    lines.filter(({ msg }) => away.test(String(msg))),
    [{ level: 40, reason: "ERR unknown command 'auth'" }]
  )
  t.notMatch(JSON.stringify(lines), 'hush-hush')
})

test('an unreachable Redis is logged once, and a closed client logs nothing', async (t) => {
  const server = await redisLikeServer(t)
  await server.close()
  const { log, lines, says } = captureLog()
  const shared = openRedis(server.url, secrets, log, { commandTimeout: 60_000, retryInterval: 5 })
  await says(away)
  await server.open()
  await says(back)
  shared.close()
  await once(server.sockets.at(-1) as Socket, 'close')
  t.equal(lines.length, 2)
  t.equal(await shared.run(script, [], []), undefined)
  shared.send(script, [], [])
})
