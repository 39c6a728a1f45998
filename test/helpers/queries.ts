import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { shortcutOf } from '../../src/database/prepared.ts'

/** What a process asks once a second of its own accord, wherever processes share a database. */
const ownAccord = /pg_current_snapshot|from "revocations"/

/** Counts the queries of requests, until the test ends: each call gives the number since the last. */
export function countQueries(t: Test, app: FastifyInstance): () => number {
  const executor = app.db.getExecutor()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
  const shortcut = shortcutOf(app.db)
  const straight = shortcut ? t.capture(shortcut, 'query', shortcut.query) : () => []
  return () => asked().filter(({ args: [query] }) => !ownAccord.test(query.sql)).length + straight().length
}
