import { createRequire } from 'node:module'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { requireDriver, traceQueries } from '../database/query-spans.ts'
import { withTimeout } from '../util/with-timeout.ts'

/** Milliseconds to export the last spans when the service closes. */
const exportTimeout = 2_000

// A URL may contain secrets, and clients control headers. plugins/tracing.ts sets the route.
const omittedAttributes = {
  'url.path': undefined,
  'url.query': undefined,
  'user_agent.original': undefined,
  'client.address': undefined,
  'server.address': undefined,
  'server.port': undefined
}

interface Log {
  warn: (details: object, message: string) => void
}

/**
 * Traces requests and their queries; the SDK reads its settings from OpenTelemetry's variables. Returns a function that
 * exports the last spans and stops.
 */
export function startTracing(serviceName: string, log: Log): () => Promise<void> {
  const tell = (problem: string) => log.warn({ problem: problem.slice(0, 500) }, 'traces cannot be exported')
  diag.setLogger(
    { error: tell, warn: tell, info: tell, debug: tell, verbose: tell },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true }
  )
  const sdk = new NodeSDK({
    serviceName,
    instrumentations: [
      new HttpInstrumentation({
        disableOutgoingRequestInstrumentation: true,
        startIncomingSpanHook: () => omittedAttributes
      }),
      traceQueries()
    ],
    metricReaders: [],
    logRecordProcessors: []
  })
  sdk.start()
  createRequire(import.meta.url)('node:http')
  requireDriver()
  return () => withTimeout(exportTimeout, sdk.shutdown()).catch((error: Error) => tell(error.message))
}
