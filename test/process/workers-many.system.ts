import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import { password, secret } from '../helpers/app.ts'
import { run } from '../helpers/process.ts'
import { cloneTemplate, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const needs = { skip: server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process' }
const listening = /"msg":"listening","url":"([^"]*)"/

/** The service with three workers. */
async function start(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const given = { BETTER_AUTH_SECRET: secret, NODE_ENV: 'production', ...settings, RATE_LIMIT_ENABLED: 'false' }
  const all = run(t, 'src/server.ts', given, ['--workers', '3'])
  const [, url = ''] = await all.says(listening)
  const pids = () =>
    new Map(
      [...all.output.stdout.matchAll(/"worker":(\d),"pid":(\d+),"msg":"worker started"/g)].map(([, w, p]) => [
        w,
        Number(p)
      ])
    )
  /** Waits until every worker has answered a request. */
  async function allServe() {
    const from = all.output.stdout.length
    await until('an answer of each worker', async () => {
      // Each connection goes to the next worker.
      await fetch(`${url}/health`, { headers: { connection: 'close' } })
      const answers = all.output.stdout.slice(from).matchAll(/"worker":(\d)[^\n]*"msg":"request"/g)
      return new Set([...answers].map(([, worker]) => worker)).size === 3
    })
  }
  return { ...all, url, pids, allServe }
}

test('workers share one port, and a killed one is replaced while the others serve', needs, async (t) => {
  const all = await start(t)
  await all.allServe()
  for (let round = 0; round < 3; round++) {
    const before = all.pids()
    process.kill(before.get('2') as number, 'SIGKILL')
    let served = 0
    await until('another worker in its place', async () => {
      // A connection that was given to the dying worker is cut.
      const answer = await fetch(`${all.url}/health/live`, { headers: { connection: 'close' } }).catch(() => undefined)
      if (answer) t.equal(answer.status, 200)
      served += answer ? 1 : 0
      return all.pids().get('2') !== before.get('2')
    })
    t.ok(served > 0, `${served} answers meanwhile`)
    await all.allServe()
  }
  all.kill('SIGTERM')
  t.match(await all.ended, { code: 0, stderr: '' })
})

test('a request in flight is finished, even after two signals to all processes', needs, async (t) => {
  const all = await start(t)
  await all.allServe()
  const body = JSON.stringify({ email: 'ann@example.com', name: 'Ann', password })
  // A busy worker refuses it (503).
  const socket = await until('a request in flight', async () => {
    const socket = connect(Number(new URL(all.url).port), '127.0.0.1')
    socket.write(
      'POST /api/auth/register HTTP/1.1\r\nHost: gatehouse\r\nContent-Type: application/json\r\n' +
        `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`
    )
    await once(socket, 'readable')
    if (/^HTTP\/1.1 100 /.test(String(socket.read()))) return socket
    socket.destroy()
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) for (const pid of all.pids().values()) process.kill(pid, signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) all.kill(signal)
  await all.says(/("closing".*){4}/s)
  const answer = text(socket)
  socket.write(body.slice(9))
  t.match(await answer, /HTTP\/1.1 201 Created.*"access_token"/s)
  t.match(await all.ended, { code: 0, stderr: '' })
})

test('workers end with the primary process', needs, async (t) => {
  const all = await start(t)
  await all.allServe()
  all.kill('SIGKILL')
  await all.ended // its output is closed when the last of them has gone
  await t.rejects(fetch(all.url))
})
