import type { Config } from '../config/config.ts'
import { type Engine, type Log, openDatabase } from './connection.ts'
import { openOwnConnection } from './own-connection.ts'
import { openReads } from './replica.ts'

export function openDatabases(config: Config, log: Log, engine?: Engine) {
  const db = openDatabase(config, log, { engine })
  return { db, reads: openReads(config, db, log), own: openOwnConnection(config, db, log) }
}
