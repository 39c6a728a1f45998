import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { shortcutOf } from '../../src/database/prepared.ts'

/** The poll for revocations, once a second, and the sender's look for mails. */
const ownAccord = /pg_current_snapshot|from "revocations"|^update "mails"/

/** Counts queries of requests until the test ends. Each call returns the number since the last call. */
export function countQueries(t: Test, app: FastifyInstance): () => number {
  const executor = app.db.getExecutor()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
  const shortcut = shortcutOf(app.db)
  const straight = shortcut ? t.capture(shortcut, 'query', shortcut.query) : () => []
  return () => asked().filter(({ args: [query] }) => !ownAccord.test(query.sql)).length + straight().length
}
