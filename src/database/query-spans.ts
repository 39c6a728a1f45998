import { createRequire } from 'node:module'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'

/** Spans for what a request asks PostgreSQL, and for its wait for a connection: the text of statements, never a value. */
export const traceQueries = () => new PgInstrumentation({ requireParentSpan: true })

/** Instrumentations change a CommonJS package when it is required; ours is imported, and has been by now. */
export function requireDriver(): void {
  const require = createRequire(import.meta.url)
  require('pg')
  createRequire(require.resolve('pg'))('pg-pool')
}
