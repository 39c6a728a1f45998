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

/** By itself PGlite takes 128 MB of memory at once, and 0.3 s to do so. */
const sharedBuffers = '32MB'

/** Starts the embedded engine, which is loaded only when used: it is most of the memory and of the start. */
export async function startEngine(options: PGliteOptions): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite')
  const startParams = [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`]
  return PGlite.create({ ...options, parsers: timeParsers, startParams })
}

/** The embedded database in a data directory, for this process alone. The first start copies the template. */
export async function openEmbedded(dataDir: string, log: Log) {
  const lock = lockDirectory(dataDir)
  try {
    const directory = join(dataDir, 'database')
    if (!existsSync(directory) && !copyTemplate(directory, templatePath()))
      log.info({ directory }, 'creating the embedded database, which takes some seconds once')
    // PGlite's files can be read and written by everybody.
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
