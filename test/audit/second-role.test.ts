import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { test } from 'tap'
import { prune } from '../../src/audit/pruning.ts'
import { sealEvents } from '../../src/audit/sealing.ts'
import { verify } from '../../src/audit/verifying.ts'
import { openDatabase } from '../../src/database/connection.ts'
import type { Database } from '../../src/database/tables.ts'
import { createCommandLog } from '../../src/operator/command-log.ts'
import { auditEventsRepository } from '../../src/repositories/audit-events.ts'
import { startApp } from '../helpers/app.ts'
import { captureLog } from '../helpers/log.ts'
import { patient } from '../helpers/patient.ts'
import { onServer, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const docs = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8')
const grants = /```sql\n(create role.*?)```/s.exec(docs)?.[1] ?? ''

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database has one role'
test('with the restricted database role of the documentation the service works, but cannot alter the audit trail', {
  skip
}, async (t) => {
  const { app, config, anyone } = await startApp(t)
  const role = `gatehouse_app_${crypto.randomUUID().slice(0, 8)}`
  const url = new URL(config.databaseUrl as string)
  await onServer(grants.replaceAll('gatehouse_app', role).replace("'...'", "'hush'"), url.href)
  t.teardown(async () => {
    await onServer(`drop owned by ${role}`, url.href).catch(() => {})
    await onServer(`drop role if exists ${role}`).catch(() => {})
  })
  url.username = role
  url.password = 'hush'
  const owned = await startApp(t, { settings: { DATABASE_URL: url.href } })
  const ann = await owned.signUp()
  t.equal((await ann.post('/api/tasks', { title: 'Water the plants' })).statusCode, 201)

  const service = openDatabase<Database>({ databaseUrl: url.href, dataDir: '', ...patient }, owned.app.log)
  t.teardown(() => service.destroy())
  await until('every event to be sealed', async () => {
    await sealEvents(service)
    return (await auditEventsRepository(service).waiting()).count === 0
  })
  for (const statement of [
    'delete from security_events',
    'truncate security_events',
    "update security_events set event = 'logout'",
    'alter table security_events disable trigger user',
    'drop trigger keep on security_events',
    "insert into audit_start (position, hash) values (1, '')",
    'update gatehouse_audit_head set position = position + 1',
    'delete from gatehouse_audit_head',
    'drop trigger keep_head on security_events'
  ])
    await t.rejects(sql.raw(statement).execute(service), { message: /permission denied|must be owner/ }, statement)
  await t.rejects(prune(service, new Date().toISOString(), createCommandLog(service, captureLog().log)), {
    message: /permission denied/
  })
  t.equal((await ann.post('/api/auth/profile/delete', { password: ann.password })).statusCode, 204)
  t.match(await verify(app.db), { broken: undefined })
  t.ok((await verify(app.db)).events > 0)
  t.equal((await anyone.get('/health')).statusCode, 200)
})
