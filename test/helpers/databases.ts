import pg from 'pg'
import root from 'tap'
import { empty, type Run, type State, stateOf } from '../../src/database/emptying.ts'
import { cloneTemplate, pooler } from './template.ts'

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
