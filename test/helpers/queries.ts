import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'

/** Counts how often the app turns to its database, until the test ends: each call gives the number since the last. */
export function countQueries(t: Test, app: FastifyInstance): () => number {
  const executor = app.db.getExecutor()
  return (
    (taken) => () =>
      taken().length
  )(t.capture(executor, 'provideConnection', executor.provideConnection))
}
