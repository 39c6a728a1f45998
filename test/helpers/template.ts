import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { type DatabaseSettings, openDatabase } from '../../src/database/connection.ts'
import { startEngine } from '../../src/database/embedded.ts'
import { readImage } from '../../src/database/image.ts'
import { makeTemplate } from '../../src/database/make-template.ts'
import { migrate } from '../../src/database/migrate.ts'
import { copyTemplate, templatePath } from '../../src/database/template.ts'
import { createLog } from '../../src/logging/log.ts'
import { patience } from './wait.ts'

/** The server to test on; without one, the embedded database. */
export const server = process.env.TEST_DATABASE_URL

/** A transaction pooler in front of that server, for tests through it. */
export const pooler = process.env.TEST_POOLER_URL

const migrations = new URL('../../migrations/', import.meta.url)
const fingerprint = createHash('sha256')
for (const name of readdirSync(migrations, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort())
  fingerprint.update(readFileSync(new URL(name, migrations)))
const name = `gatehouse_${fingerprint.digest('hex').slice(0, 12)}`
const template = templatePath()

/** An empty data directory. */
const blank = join(tmpdir(), `${name}.blank`)

export const urlOf = (database: string) =>
  Object.assign(new URL(server ?? 'postgres://'), { pathname: `/${database}` }).href

export async function onServer(sql: string, connectionString = server): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client.query(sql).finally(() => client.end())
}

const duplicateDatabase = '42P04'

/** Creates a migrated database for tests to clone, once per state of the migrations. */
export async function prepareTemplate(): Promise<void> {
  const log = createLog('silent')
  if (server) {
    const existing = await onServer(`select 1 from pg_database where datname = '${name}'`)
    if (existing.rowCount) return
    const draft = `${name}_${process.pid}`
    await onServer(`drop database if exists ${draft} with (force)`)
    await onServer(`create database ${draft}`)
    const db = openDatabase({ databaseUrl: urlOf(draft), dataDir: '', queueWait: patience }, log)
    await migrate(db, log).finally(() => db.destroy())
    await onServer(`alter database ${draft} rename to ${name}`).catch(async (error) => {
      if (error.code !== duplicateDatabase) throw error
      // Another process has just created it.
      await onServer(`drop database ${draft}`)
    })
    return
  }
  await makeTemplate().catch((error) => {
    // Another process may have just created it.
    if (!existsSync(template)) throw error
  })
  await readImage()
}

/** Creates an empty data directory, once: of a copy of the template, because `initdb` takes five seconds of CPU. */
async function prepareBlank(): Promise<void> {
  await prepareOnce()
  if (existsSync(blank)) return
  const draft = mkdtempSync(join(tmpdir(), 'gatehouse_draft_'))
  cpSync(template, draft, { recursive: true })
  const pglite = await startEngine({ dataDir: draft })
  await pglite.exec(`drop schema public cascade;
    create schema public authorization pg_database_owner;
    grant usage on schema public to public`)
  await pglite.close()
  try {
    renameSync(draft, blank)
  } catch (error) {
    // Another process has just created it.
    if (!existsSync(blank)) throw error
    rmSync(draft, { recursive: true })
  }
}

let prepared: Promise<void> | undefined

/** Once per process, for tests that do not run under tap. */
export function prepareOnce(): Promise<void> {
  prepared ??= prepareTemplate()
  return prepared
}

/** The settings of a new database, and a function that removes it. */
export async function cloneTemplate(): Promise<{ settings: Record<string, string>; remove: () => Promise<unknown> }> {
  await prepareOnce()
  if (!server) {
    const clone = mkdtempSync(join(tmpdir(), 'gatehouse_clone_'))
    copyTemplate(join(clone, 'database'), template)
    return { settings: { DATA_DIR: clone }, remove: async () => rmSync(clone, { recursive: true, force: true }) }
  }
  const clone = `${name}_${process.pid}_${crypto.randomUUID().slice(0, 8)}`
  await onServer(`create database ${clone} template ${name}`)
  const direct = urlOf(clone)
  const pooled = pooler && Object.assign(new URL(pooler), { pathname: `/${clone}` }).href
  const settings = pooled ? { DATABASE_URL: pooled, DATABASE_DIRECT_URL: direct } : { DATABASE_URL: direct }
  return { settings, remove: () => onServer(`drop database ${clone} with (force)`) }
}

/** An empty database, and patience with a busy server. */
export async function emptyDatabase(t: Test): Promise<DatabaseSettings & { queueWait: number }> {
  if (!server) {
    await prepareBlank()
    const dataDir = t.testdir()
    cpSync(blank, join(dataDir, 'database'), { recursive: true })
    return { databaseUrl: undefined, dataDir, queueWait: patience }
  }
  const name = `gatehouse_empty_${crypto.randomUUID().slice(0, 8)}`
  await onServer(`create database ${name}`)
  t.teardown(() => onServer(`drop database ${name} with (force)`))
  return { databaseUrl: urlOf(name), dataDir: '', queueWait: patience }
}
