import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

interface Attribute {
  key: string
  value: Record<string, unknown>
}

interface ExportedSpan {
  name: string
  kind: number
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: Attribute[]
  status: { code: number }
}

interface Export {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: ExportedSpan[] }[] }[]
}

const flat = (attributes: Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** An OpenTelemetry collector on a free port: accepts spans as JSON over HTTP, hangs, or is gone. */
export async function startCollector(t: Test, { hangs = false, gone = false } = {}) {
  const bodies: string[] = []
  const http = createServer(async (request, response) => {
    bodies.push(`${request.url} ${await text(request)}`)
    if (!hangs) response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const { port } = http.address() as AddressInfo
  if (gone) http.close()
  const exported = () => bodies.flatMap((body) => (JSON.parse(body.replace(/^\S+ /, '')) as Export).resourceSpans)

  return {
    settings: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json'
    },
    /** The received bodies. */
    bodies,
    resources: () => exported().map(({ resource }) => flat(resource.attributes)),
    spans: () =>
      exported()
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
        .map(({ attributes, ...span }) => ({ ...span, attributes: flat(attributes) }))
  }
}
