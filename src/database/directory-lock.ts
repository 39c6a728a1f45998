import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeDataDirectory } from '../util/private-paths.ts'

/**
 * Takes a data directory for this process; two processes on one embedded database lose writes. Throws an error that
 * names the holder's pid. The lock is SQLite's on an empty file: the operating system drops it with its holder, so a
 * killed process leaves none behind and a reused pid or a second container cannot confuse it.
 */
export function lockDirectory(directory: string): { release: () => void } {
  makeDataDirectory(directory)
  const pidFile = join(directory, 'gatehouse.pid')
  const lock = new DatabaseSync(join(directory, 'gatehouse.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error
    const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'unknown'
    throw new Error(
      `The data directory ${directory} is in use by the process with pid ${pid}. ` +
        'Stop that one, or give this one a DATA_DIR or a DATABASE_URL of its own.'
    )
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return { release: () => lock.close() }
}
