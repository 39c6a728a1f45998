import { createRequire } from 'node:module'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { requireDriver, traceQueries } from '../database/query-spans.ts'
import { withTimeout } from '../util/with-timeout.ts'

/** Milliseconds that the last spans get to leave when the service closes. */
const patience = 2_000

/** A URL can hold what nobody may read, and a header is what a client likes. The route comes from plugins/tracing.ts. */
const unseen = {
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
 * Begins to trace this process, for good: requests that come in, and what they ask PostgreSQL. Where the spans go, how many
 * and as what, the SDK reads from OpenTelemetry's own variables. Nobody waits for a collector; spans it does not take are
 * lost. Returns how to stop, which sends what is left.
 */
export function startTracing(serviceName: string, log: Log): () => Promise<void> {
  const tell = (problem: string) => log.warn({ problem: problem.slice(0, 500) }, 'traces do not get through')
  diag.setLogger(
    { error: tell, warn: tell, info: tell, debug: tell, verbose: tell },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true }
  )
  const sdk = new NodeSDK({
    serviceName,
    instrumentations: [
      new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true, startIncomingSpanHook: () => unseen }),
      traceQueries()
    ],
    metricReaders: [],
    logRecordProcessors: []
  })
  sdk.start()
  createRequire(import.meta.url)('node:http')
  requireDriver()
  return () => withTimeout(patience, sdk.shutdown()).catch((error: Error) => tell(error.message))
}
