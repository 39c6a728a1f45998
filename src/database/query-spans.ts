import { createRequire } from 'node:module'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'

/** Traces queries to PostgreSQL and waits for a connection within a request: the SQL text, never values. */
export const traceQueries = () => new PgInstrumentation({ requireParentSpan: true })

/** Loads pg by require(), because instrumentation patches CommonJS modules only then. Our own import was earlier. */
export function requireDriver(): void {
  const require = createRequire(import.meta.url)
  require('pg')
  createRequire(require.resolve('pg'))('pg-pool')
}
