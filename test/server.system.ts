import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Test, test } from 'tap'
import { password } from './helpers/app.ts'
import { run, serve, servePatiently } from './helpers/process.ts'
import { cloneTemplate } from './helpers/template.ts'
import { until } from './helpers/wait.ts'

async function settingsOf(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  return { DATA_DIR: t.testdir(), ...settings }
}

/** Again after a 503: a service that has just started on a busy machine refuses requests at first. */
const accepted = <T extends { status?: number }>(ask: () => Promise<T>) =>
  until('an answer', async () => {
    const answer = await ask()
    return answer.status !== 503 && answer
  })

async function call(url: string, method: string, token?: string, body?: object) {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    ...(token && { authorization: `Bearer ${token}` })
  }
  return accepted(async () =>
    (await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })).json()
  )
}

test('a fresh start prints what a newcomer needs, and data survive a restart', async (t) => {
  const DATA_DIR = join(t.testdir(), 'new')
  const first = await serve(t, { DATA_DIR })
  t.match(first.output.stdout, `${first.url}/docs`)
  t.match(first.output.stdout, `embedded, in ${DATA_DIR}`)
  const [curl = ''] = /^ *curl .*/m.exec(first.output.stdout) ?? []
  const { access_token: token, user } = await accepted(async () =>
    JSON.parse(execFileSync('sh', ['-c', curl], { encoding: 'utf8' }))
  )
  t.match(user, { name: 'Ann' })
  const task = await call(`${first.url}/api/tasks`, 'POST', token, { title: 'kept' })

  const secretFile = join(DATA_DIR, 'secret')
  const secret = readFileSync(secretFile, 'utf8')
  t.equal(statSync(secretFile).mode & 0o777, 0o600)
  first.kill('SIGTERM')
  t.match(await first.ended, { code: 0, stderr: '' })

  const second = await serve(t, { DATA_DIR })
  t.equal(readFileSync(secretFile, 'utf8'), secret)
  t.strictSame(await call(`${second.url}/api/tasks/${task.id}`, 'GET', token), task)

  const intruder = await run(t, 'src/server.ts', { DATA_DIR }).ended
  t.equal(intruder.code, 1)
  t.match(intruder.stderr, new RegExp(`^Gatehouse did not start. The data directory .* pid ${second.pid}\\..*\\n$`))

  second.kill('SIGKILL')
  await second.ended
  const third = await serve(t, { DATA_DIR })
  t.strictSame(await call(`${third.url}/api/tasks/${task.id}`, 'GET', token), task, 'a killed process is no obstacle')
  third.kill('SIGTERM')
  t.match(await third.ended, { code: 0, stderr: '' })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`${signal}, repeatedly, lets a request in flight finish`, async (t) => {
    const server = await servePatiently(t, await settingsOf(t))
    const body = JSON.stringify({ email: 'ann@example.com', name: 'Ann', password })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.write(
      'POST /api/auth/register HTTP/1.1\r\nHost: gatehouse\r\nContent-Type: application/json\r\n' +
        `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`
    )
    await once(socket, 'readable') // 100 Continue: the request has arrived
    server.kill(signal)
    await server.says(/"closing"/)
    server.kill(signal) // a terminal sends it, and npm
    const answer = text(socket)
    socket.write(body.slice(9))
    t.match(await answer, /HTTP\/1.1 201 Created.*"access_token"/s)
    t.match(await server.ended, { code: 0, stderr: '' })
  })

test('the log is one line of JSON per request, without secrets', async (t) => {
  const server = await servePatiently(t, {
    ...(await settingsOf(t)),
    NODE_ENV: 'production',
    BETTER_AUTH_SECRET: 'hZ0vT3cQ9mWk2RxLbYp7sJdN5fUaE8gC'
  })
  const account = { email: 'ann@example.com', name: 'Ann', password }
  const { access_token: token } = await call(`${server.url}/api/auth/register`, 'POST', undefined, account)
  await call(`${server.url}/api/tasks?q=hush-hush`, 'GET', token)
  await call(`${server.url}/api/auth/login`, 'POST', undefined, { email: account.email, password: 'wrong-hush-hush-1' })
  await call(`${server.url}/api/tasks`, 'GET', `${token}x`)
  server.kill('SIGTERM')
  const { stdout } = await server.ended
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(
    lines.find(({ msg }) => msg === 'listening'),
    { url: server.url, docs: `${server.url}/docs` }
  )
  // On a busy machine a request may be refused, and sent again.
  const requests = lines.filter(({ msg, status }) => msg === 'request' && status !== 503)
  t.match(
    requests.map(({ route, status }) => [route, status]),
    [
      ['/api/auth/register', 201],
      ['/api/tasks', 200],
      ['/api/auth/login', 401],
      ['/api/tasks', 401]
    ]
  )
  for (const secret of [password, 'hush-hush', token.split('.')[2], token.split('.')[1], 'hZ0vT3c', '$2b$'])
    t.notMatch(stdout, secret)
})

test('a start without rate limits logs a warning', async (t) => {
  const server = await serve(t, { ...(await settingsOf(t)), RATE_LIMIT_ENABLED: 'false' })
  t.ok(await server.says(/rate limits are off/))
  server.kill('SIGTERM')
  t.match(await server.ended, { code: 0, stderr: '' })
})

test('an uncaught error is logged before the process ends', async (t) => {
  const fault = 'data:text/javascript,process.on("SIGCONT", () => { throw new Error("unforeseen") })'
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${encodeURI(fault)}`
  const server = await serve(t, { ...(await settingsOf(t)), NODE_OPTIONS })
  server.kill('SIGCONT')
  const told = /"level":60,.*"message":"unforeseen".*"msg":"closing after a fault"/
  t.match(await server.ended, { code: 1, stdout: told })
})
