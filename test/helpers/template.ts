import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { openDatabase } from '../../src/database/connection.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createLog } from '../../src/logging/log.ts'

/** The server to test on; without one, the embedded database. */
export const server = process.env.TEST_DATABASE_URL

/** A pooler of transactions before that server, to test by way of it. */
export const pooler = process.env.TEST_POOLER_URL

const migrations = new URL('../../migrations/', import.meta.url)
const fingerprint = createHash('sha256')
for (const name of readdirSync(migrations, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort())
  fingerprint.update(readFileSync(new URL(name, migrations)))
const name = `gatehouse_${fingerprint.digest('hex').slice(0, 12)}`
const directory = join(tmpdir(), name)

export const urlOf = (database: string) =>
  Object.assign(new URL(server ?? 'postgres://'), { pathname: `/${database}` }).href

export async function onServer(sql: string, connectionString = server): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client.query(sql).finally(() => client.end())
}

/** Makes a migrated database that tests clone; once for each state of the migrations. */
export async function prepareTemplate(): Promise<void> {
  const log = createLog('silent')
  if (server) {
    const existing = await onServer(`select 1 from pg_database where datname = '${name}'`)
    if (existing.rowCount) return
    const draft = `${name}_draft`
    await onServer(`drop database if exists ${draft} with (force)`)
    await onServer(`create database ${draft}`)
    const db = openDatabase({ databaseUrl: urlOf(draft), dataDir: '' }, log)
    await migrate(db, log).finally(() => db.destroy())
    await onServer(`alter database ${draft} rename to ${name}`)
  } else if (!existsSync(directory)) {
    const draft = await mkdtemp(join(tmpdir(), 'gatehouse_draft_'))
    const db = openDatabase({ databaseUrl: undefined, dataDir: draft }, log)
    await migrate(db, log).finally(() => db.destroy())
    await rename(draft, directory)
  }
}

/** The settings of a database of one's own, and how to be rid of it. */
export async function cloneTemplate(): Promise<{ settings: Record<string, string>; remove: () => Promise<unknown> }> {
  if (server) {
    const clone = `${name}_${process.pid}_${crypto.randomUUID().slice(0, 8)}`
    await onServer(`create database ${clone} template ${name}`)
    const direct = urlOf(clone)
    const pooled = pooler && Object.assign(new URL(pooler), { pathname: `/${clone}` }).href
    const settings = pooled ? { DATABASE_URL: pooled, DATABASE_DIRECT_URL: direct } : { DATABASE_URL: direct }
    return { settings, remove: () => onServer(`drop database ${clone} with (force)`) }
  }
  const clone = await mkdtemp(join(tmpdir(), 'gatehouse_clone_'))
  await cp(directory, clone, { recursive: true })
  return { settings: { DATA_DIR: clone }, remove: () => rm(clone, { recursive: true, force: true }) }
}

/** An empty database. */
export async function emptyDatabase(t: Test): Promise<{ databaseUrl: string | undefined; dataDir: string }> {
  if (!server) return { databaseUrl: undefined, dataDir: t.testdir() }
  const name = `gatehouse_empty_${crypto.randomUUID().slice(0, 8)}`
  await onServer(`create database ${name}`)
  t.teardown(() => onServer(`drop database ${name} with (force)`))
  return { databaseUrl: urlOf(name), dataDir: '' }
}
