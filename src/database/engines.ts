import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { withTimeout } from '../util/with-timeout.ts'
import { startEngine } from './embedded.ts'
import { empty, type Run, type State, stateOf } from './emptying.ts'
import { readImage } from './image.ts'

interface Engine {
  pglite: PGlite
  run: Run
  /** When it was started. */
  state: State
  end: () => Promise<void>
}

/** All engines of this process. */
const started: Engine[] = []

/** Unused engines. Starting one takes a second, emptying one 20 ms. */
const idle: Engine[] = []

/** Milliseconds to wait for an engine that is still busy. */
const patience = 5_000

/** Empties an engine. Returns false if a test changed the schema or left a transaction open. */
async function isEmptied({ run, state }: Engine): Promise<boolean> {
  const emptied = async () => {
    await run('discard all')
    return empty(run, state)
  }
  return withTimeout(patience, emptied()).catch(() => false)
}

let image: ReturnType<typeof readImage> | undefined

async function start(): Promise<Engine> {
  image ??= readImage()
  const pglite = await startEngine({ loadDataDir: new Blob([await image]) })
  // The app closes it, but the engine must stay open until the process ends.
  const close = pglite.close.bind(pglite)
  const end = async () => {
    if (!pglite.closed) await close()
  }
  pglite.close = async () => {}
  const run: Run = async (statements) => (await pglite.exec(statements)).at(-1)?.rows as Awaited<ReturnType<Run>>
  const engine = { pglite, run, state: await stateOf(run), end }
  started.push(engine)
  return engine
}

/** Lends an engine with an empty, migrated database in memory. After `giveBack` the process lends it again. */
export async function borrowEngine(): Promise<{ pglite: PGlite; giveBack: () => void }> {
  let engine = idle.pop()
  while (engine && !(await isEmptied(engine))) {
    // It may still be busy, or fail.
    void Promise.allSettled([engine.end()])
    engine = idle.pop()
  }
  const lent = engine ?? (await start())
  return { pglite: lent.pglite, giveBack: () => void idle.push(lent) }
}

/** Ends all engines of this process. */
export const endEngines = () => Promise.all(started.map(({ end }) => end()))

/** An empty, migrated database for one app on an engine in memory, and a data directory. */
export async function borrowDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  let borrowed: ReturnType<typeof borrowEngine> | undefined
  return {
    settings: { DATA_DIR: folder },
    // Created on demand, because some apps use another database.
    async engine() {
      borrowed ??= borrowEngine()
      return (await borrowed).pglite
    },
    async remove() {
      await borrowed?.then(({ giveBack }) => giveBack())
      await rm(folder, { recursive: true, maxRetries: 5 })
    }
  }
}
