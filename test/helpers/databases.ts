import pg from 'pg'
import root, { type Test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { empty, type Run, type State, stateOf } from '../../src/database/emptying.ts'
import { createLog } from '../../src/logging/log.ts'
import { borrowDatabase } from './engines.ts'
import { patient } from './patient.ts'
import { cloneTemplate, pooler, server } from './template.ts'

type Clone = Awaited<ReturnType<typeof cloneTemplate>>

/** Unused databases of this process on the server. To clone one takes 0.2 s of CPU there, to empty one 20 ms. */
const idle: Clone[] = []
// They are removed after every app, because handlers that were added first run last.
root.teardown(() => Promise.all(idle.splice(0).map(({ remove }) => remove())))

/** Milliseconds to wait for a database that is still in use. */
const patience = 5_000

async function withClient<T>({ settings }: Clone, action: (run: Run) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: settings.DATABASE_URL, statement_timeout: patience })
  await client.connect()
  const run: Run = async (statements) => [await client.query(statements)].flat().at(-1)?.rows ?? []
  return action(run).finally(() => client.end())
}

let state: State | undefined

/** Empties a database. Returns false if a test changed the schema. */
const isEmptied = (clone: Clone, before: State): Promise<boolean> =>
  withClient(clone, async (run) => {
    // What the test before left connected.
    await run(`select pg_terminate_backend(pid, ${patience}) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
    return empty(run, before)
  }).catch(() => false)

/** An empty, migrated database on the server. After `remove` the process uses it again; a pooler keeps connections to it. */
export async function borrowClone(): Promise<Clone> {
  if (pooler) return cloneTemplate()
  let clone = idle.pop()
  while (clone && !(state && (await isEmptied(clone, state)))) {
    await clone.remove()
    clone = idle.pop()
  }
  const lent = clone ?? (await cloneTemplate())
  state ??= await withClient(lent, stateOf)
  return { settings: lent.settings, remove: async () => void idle.push(lent) }
}

/** An empty, migrated database: on the server, or on an embedded engine in memory. Both are used again after `remove`. */
export const borrowEmpty = async () => (server ? { ...(await borrowClone()), engine: undefined } : borrowDatabase())

// Each log listens for the exit of the process.
const silent = createLog('silent')

/** Opens an empty, migrated database until the test ends. `url` is its URL on PostgreSQL. */
export async function openEmpty<Tables>(t: Test, log = silent) {
  const { settings, engine, remove } = await borrowEmpty()
  const { DATABASE_URL, DATABASE_DIRECT_URL: url = DATABASE_URL } = settings as Record<string, string | undefined>
  const db = openDatabase<Tables>({ databaseUrl: url, dataDir: '', ...patient }, log, engine && { engine })
  t.teardown(async () => {
    await db.destroy()
    await remove()
  })
  return { db, url }
}
