import { test } from 'tap'
import { startCollector } from '../helpers/collector.ts'
import { serve } from '../helpers/process.ts'
import { cloneTemplate } from '../helpers/template.ts'

for (const [what, options] of [
  ['hangs', { hangs: true }],
  ['is not there', { gone: true }]
] as const)
  test(`a collector that ${what} delays neither answers nor the end of the service`, async (t) => {
    const { settings, remove } = await cloneTemplate()
    t.teardown(remove)
    const collector = await startCollector(t, options)
    const queue = { OTEL_BSP_MAX_QUEUE_SIZE: '4', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2', OTEL_BSP_SCHEDULE_DELAY: '1' }
    const server = await serve(t, { DATA_DIR: t.testdir(), ...settings, ...collector.settings, ...queue })
    // Not /health, which is 503 on a busy machine.
    for (let i = 0; i < 50; i += 1) t.equal((await fetch(`${server.url}/health/live`)).status, 200)
    server.kill('SIGTERM')
    t.match(await server.ended, { code: 0, stderr: '', stdout: /"traces cannot be exported"/ })
    t.equal(collector.bodies.length > 0, what === 'hangs')
  })
