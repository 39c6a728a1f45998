import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Test, test } from 'tap'
import { secret } from '../helpers/app.ts'
import { run } from '../helpers/process.ts'
import { cloneTemplate } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

async function settingsOf(t: Test): Promise<Record<string, string>> {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  return { BETTER_AUTH_SECRET: secret, NODE_ENV: 'production', ...settings }
}
const listening = /"msg":"listening","url":"([^"]*)"/

test('a worker serves, logs its number, and closes with the primary process', async (t) => {
  const above = run(t, 'test/helpers/primary.ts', { ...(await settingsOf(t)), METRICS_PORT: '0' })
  const [, url = ''] = await above.says(listening)
  // Busy, it answers 503, and may be silent.
  await until('an answer of the worker', async () => (await fetch(`${url}/health`)).status === 200)
  const [, metrics = ''] = await above.says(/"url":"([^"]*metrics)"/)
  await until('its metrics', async () => /worker="1"/.test(await (await fetch(metrics)).text()))
  await above.says(/"worker":1,.*"msg":"request"/)
  t.match(above.output.stdout, /without REDIS_URL each worker counts its own limits/)
  above.kill('SIGTERM')
  const { code, stdout, stderr } = await above.ended
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.equal(stdout.match(/"msg":"listening"/g)?.length, 1)
})

test('after repeated failures of a worker the service stops with a message', async (t) => {
  const settings = {
    ...(await settingsOf(t)),
    TEST_WORKER_FILE: 'test/helpers/brief-worker.ts',
    RATE_LIMIT_ENABLED: 'false'
  }
  const { code, stderr } = await run(t, 'test/helpers/primary.ts', settings).ended
  t.equal(code, 1)
  t.equal(stderr, 'Gatehouse stopped. Worker 1 failed 5 times, each within 10 s of its start.\n')
})

test('an error in the primary process ends all workers, and is logged', async (t) => {
  const fault = 'data:text/javascript,process.on("SIGCONT", () => { throw new Error("unforeseen") })'
  const NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --import=${encodeURI(fault)}`
  const above = run(t, 'test/helpers/primary.ts', { ...(await settingsOf(t)), NODE_OPTIONS })
  await above.says(listening)
  above.kill('SIGCONT')
  t.match(await above.ended, { code: 1, stdout: /"message":"unforeseen".*"msg":"closing after a fault"/ })
})

test('if the port is unavailable, one message says why', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const PORT = String((taken.address() as { port: number }).port)
  const refused: [Record<string, string>, RegExp][] = [
    [{ ...(await settingsOf(t)), PORT }, /^Gatehouse did not start\. Port \d+ on 127\.0\.0\.1 is taken: .*\n$/],
    [
      { DATABASE_URL: 'postgres://ann:hush-hush@localhost:1/tasks', DATABASE_WAIT: '1s', BETTER_AUTH_SECRET: secret },
      /^Gatehouse did not start\. The database does not answer: .*\n$/
    ]
  ]
  for (const [settings, message] of refused) {
    const args = settings.DATABASE_URL ? ['--workers=2'] : []
    const { code, stderr } = await run(t, 'src/server.ts', settings, args).ended
    t.equal(code, 1)
    t.match(stderr, message)
  }
})
