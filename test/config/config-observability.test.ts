import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'

const load = (settings: Record<string, string>) =>
  loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', ...settings })

test('metrics are off without a port, which must differ from the main port', async (t) => {
  t.equal(load({}).metrics, undefined)
  t.equal(load({ METRICS_HOST: '0.0.0.0' }).metrics, undefined)
  t.strictSame(load({ METRICS_PORT: '9100' }).metrics, { host: '127.0.0.1', port: 9100 })
  t.strictSame(load({ METRICS_PORT: '0', PORT: '0', METRICS_HOST: '::' }).metrics, { host: '::', port: 0 })
  for (const METRICS_PORT of ['-1', '65536', 'http', '80a', '8000'])
    t.throws(() => load({ METRICS_PORT }), { message: /METRICS_PORT[:,]/ }, METRICS_PORT)
})

test('tracing is off without an endpoint', async (t) => {
  t.equal(load({}).tracing, undefined)
  t.equal(load({ OTEL_SERVICE_NAME: 'gate' }).tracing, undefined)
  t.strictSame(load({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).tracing, { serviceName: 'gatehouse' })
  const settings = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces', OTEL_SERVICE_NAME: 'gate' }
  t.strictSame(load(settings).tracing, { serviceName: 'gate' })
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
    for (const url of ['collector:4318', 'grpc://collector:4317', 'http://', '/v1/traces', 'localhost'])
      t.throws(() => load({ [name]: url }), { message: new RegExp(`${name}: `) }, url)
})
