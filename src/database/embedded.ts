import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite, PGliteOptions } from '@electric-sql/pglite'
import { makeDirectory, makePrivate } from '../util/private-paths.ts'
import { lockDirectory } from './directory-lock.ts'
import { copyTemplate, templatePath } from './template.ts'
import { timeParsers } from './timestamps.ts'

interface Log {
  info: (details: object, message: string) => void
}

/** The default of PGlite takes 128 MB of memory and 0.3 s at the start. */
const sharedBuffers = '32MB'

/** Starts the embedded engine. It is imported only here because it dominates memory use and start time. */
export async function startEngine(options: PGliteOptions): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite')
  const startParams = [
    ...PGlite.defaultStartParams,
    ...['-c', `shared_buffers=${sharedBuffers}`],
    // Its timer is left behind after recovery, and a process with it does not end while the engine is open.
    ...['-c', 'log_startup_progress_interval=0'],
    // With segments of 1 MB, initdb sets 64 MB. Each checkpoint then makes the next write to a page larger (full_page_writes).
    ...['-c', 'max_wal_size=1GB']
  ]
  // A new database has one file of 1 MB for its write-ahead log, not of 16.
  return PGlite.create({ ...options, parsers: timeParsers, startParams, initDbStartParams: ['--wal-segsize=1'] })
}

/** Opens the embedded database of a data directory for this process only. The first start copies the template. */
export async function openEmbedded(dataDir: string, log: Log, template = templatePath()) {
  const lock = lockDirectory(dataDir)
  try {
    const directory = join(dataDir, 'database')
    if (!existsSync(directory) && !copyTemplate(directory, template))
      log.info({ directory }, 'creating the embedded database; this takes some seconds, once')
    // PGlite creates files that all users can read and write.
    makeDirectory(directory)
    makePrivate(directory)
    const pglite = await startEngine({ dataDir: directory })
    const close = pglite.close.bind(pglite)
    pglite.close = () => close().finally(lock.release)
    return pglite
  } catch (error) {
    lock.release()
    throw error
  }
}
