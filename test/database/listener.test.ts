import { once } from 'node:events'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test, test } from 'tap'
import { listen } from '../../src/database/listener.ts'
import { startApp } from '../helpers/app.ts'
import { listenableServer } from '../helpers/postgres.ts'
import { onServer, server, urlOf } from '../helpers/template.ts'
import * as wait from '../helpers/wait.ts'

/** A listener, with everything it receives and logs. */
function start(t: Test, url: string) {
  const heard: string[] = []
  const said: string[] = []
  const hear = (what: string) => heard.push(what)
  const { stop } = listen(url, {
    channel: 'the "news"',
    onMessage: hear,
    onListening: () => hear('listening'),
    log: { warn: (details) => said.push((details as { err: Error }).err.message) }
  })
  t.teardown(stop)
  const until = (done: () => boolean) => wait.until(`the listener, which heard [${heard}] and said [${said}]`, done)
  return { heard, said, stop, until }
}

mock.timers.enable({ apis: ['setTimeout'] })
t.teardown(() => mock.timers.reset())

test('a listener receives notifications, and after a disconnect reconnects and reports that some were missed', async (t) => {
  const { url, queries, sockets, notify } = await listenableServer(t)
  const { heard, said, until } = start(t, url)
  for (let times = 1; times <= 3; times += 1) {
    await until(() => heard.length === 2 * times - 1)
    notify('the "news"', `message ${times}`)
    await until(() => heard.length === 2 * times)
    sockets.at(-1)?.destroy()
    await until(() => said.length === times)
    t.equal(sockets.length, times, 'not at once')
    mock.timers.tick(500)
  }
  t.strictSame(
    heard.slice(0, 6),
    [1, 2, 3].flatMap((i) => ['listening', `message ${i}`])
  )
  t.match(said, [/terminated/, /terminated/, /terminated/])
  t.match(queries[0], /format\('listen %I', 'the "news"' /)
})

test('a listener retries until the server is up', async (t) => {
  const { url, close, open } = await listenableServer(t)
  await close()
  const { heard, said, until } = start(t, url)
  for (let times = 1; times <= 3; times += 1) {
    await until(() => said.length === times)
    if (times === 3) await open()
    mock.timers.tick(500)
  }
  await until(() => heard.length > 0)
  t.strictSame(heard, ['listening'])
  t.match(said, [/ECONNREFUSED/, /ECONNREFUSED/, /ECONNREFUSED/])
})

for (const lacking of ['deaf', 'mute'] as const)
  test(`a server that is ${lacking} times out after two seconds and is retried`, async (t) => {
    const { url, state, sockets, queries } = await listenableServer(t)
    state[lacking] = true
    const { heard, said, until } = start(t, url)
    await until(() => (lacking === 'deaf' ? sockets : queries).length === 1)
    mock.timers.tick(2_000)
    await until(() => said.length === 1)
    t.match(said, [/timeout/])
    state[lacking] = false
    mock.timers.tick(500)
    await until(() => heard.length === 1)
    t.strictSame([heard, sockets.length], [['listening'], 2])
  })

const stages = [
  'before it is connected',
  'before it is let in',
  'while it listens',
  'while it waits to try again'
] as const
for (const stage of stages)
  test(`a listener can be stopped ${stage}, and then does nothing more`, async (t) => {
    const { url, state, sockets } = await listenableServer(t)
    if (stage === 'before it is let in') state.deaf = true
    const { heard, said, stop, until } = start(t, url)
    if (stage === 'before it is let in') await until(() => sockets.length === 1)
    if (stage.startsWith('while')) await until(() => heard.length === 1)
    if (stage === 'while it waits to try again') {
      sockets[0]?.destroy()
      await until(() => said.length === 1)
    }
    stop()
    stop()
    for (const socket of sockets) if (!socket.destroyed) await once(socket, 'close')
    const [before, complaints] = [sockets.length, said.length]
    mock.timers.tick(10_000)
    for (let i = 0; i < 20; i += 1) await setImmediate()
    t.ok(sockets.length <= Math.max(1, before))
    t.equal(said.length, complaints)
    t.ok(complaints === (stage === 'while it waits to try again' ? 1 : 0))
  })

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database has nobody to listen to'

test('on PostgreSQL a listener reconnects after the end of its backend', { skip }, async (t) => {
  const { config } = await startApp(t)
  const url = config.directUrl ?? urlOf('')
  const { heard, said, until } = start(t, url)
  await until(() => heard.length === 1)
  const name = new URL(url).pathname.slice(1)
  // The app's own listener uses another channel.
  const ours = `datname = '${name}' and query like '%the "news"%'`
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`)
  await until(() => said.length === 1)
  mock.timers.tick(500)
  await until(() => heard.length === 2)
  t.strictSame(heard, ['listening', 'listening'])
  t.match(said, [/terminating connection/])
})
