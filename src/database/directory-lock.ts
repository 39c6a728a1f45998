import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeDataDirectory } from '../util/private-paths.ts'

/** Locks a data directory for this process, because two processes on one embedded database lose writes. */
export function lockDirectory(directory: string): { release: () => void } {
  makeDataDirectory(directory)
  const pidFile = join(directory, 'gatehouse.pid')
  // The operating system releases an SQLite lock when the process ends: no crash, reused pid or second container leaves one.
  const lock = new DatabaseSync(join(directory, 'gatehouse.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error
    const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'unknown'
    throw new Error(
      `The data directory ${directory} is in use by the process with pid ${pid}. ` +
        'Stop that process, or set another DATA_DIR or a DATABASE_URL for this one.'
    )
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return { release: () => lock.close() }
}
