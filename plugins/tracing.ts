import { trace } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { addToLines } from '../src/logging/log.ts'
import { startTracing } from '../src/observability/tracing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns the current span for log lines, only while tracing. */
    openSpan?: () => { trace_id: string; span_id: string } | undefined
  }
}

function openSpan() {
  const span = trace.getActiveSpan()?.spanContext()
  return span && { trace_id: span.traceId, span_id: span.spanId }
}

export const tracing = fp(
  async function tracing(app, { serviceName, log }: { serviceName: string; log: FastifyBaseLogger }) {
    app.addHook('onClose', startTracing(serviceName, log))
    addToLines(() => openSpan() ?? {})
    app.decorate('openSpan', openSpan)

    app.addHook('onRequest', (request, _reply, done) => {
      const span = trace.getActiveSpan()
      const { url } = request.routeOptions
      span?.setAttribute('gatehouse.request_id', request.id)
      if (url !== undefined) span?.setAttribute('http.route', url).updateName(`${request.method} ${url}`)
      done()
    })
    app.addHook('onResponse', (request, _reply, done) => {
      if (request.user) trace.getActiveSpan()?.setAttribute('user.id', request.user.id)
      done()
    })
  },
  { name: 'tracing' }
)
