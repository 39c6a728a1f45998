import { sealEvents } from '../audit/sealing.ts'
import { createSecurityLog } from '../auth/security-log.ts'
import { openDatabase } from '../database/connection.ts'
import { createCursors } from '../http/cursors.ts'
import { createLog } from '../logging/log.ts'
import { createMail } from '../mail/mail.ts'
import { openFiles } from '../mail/transport.ts'
import { runCommand } from '../operator/command.ts'
import { createOperations } from '../operator/operations.ts'
import { createOperatorLog } from '../operator/operator-log.ts'
import { openTerminal, systemAccount } from '../operator/terminal.ts'
import type { Product } from '../product/product.ts'
import { tasks } from '../product/tasks.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import { loadSettings } from './settings.ts'

const terminal = openTerminal(process)

/** Writes to the database that the service uses. Its processes hear of what ends as of what another process has ended. */
async function open(product: Product) {
  const config = loadSettings(product)
  const log = createLog('silent')
  const db = openDatabase(config, log)
  const securityLog = createSecurityLog(securityEventsRepository(db), log)
  const { mail: settings, dataDir } = config
  // Written by this process, because for development the service writes only the mails that it has caused.
  const files = settings && !settings.smtp ? () => openFiles(settings, dataDir, terminal.err) : undefined
  const mail = createMail(config, db, { securityLog, log, transport: files })
  const outgoing = files ? mail : { ...mail, wake: () => {} }
  const record = createOperatorLog(securityLog, log)
  const revocations = { settle: async () => {} }
  return {
    operations: createOperations(db, {
      lives: config,
      revocations,
      mail: outgoing,
      record,
      log,
      product,
      clock: Date.now
    }),
    cursors: createCursors(config.secrets),
    name: systemAccount(),
    async close() {
      await mail.sender?.idle()
      await mail.stop()
      await sealEvents(db).catch(() => false)
      await db.destroy()
    }
  }
}

/** Runs what an operator asks for. */
export async function run(product: Product): Promise<void> {
  const code = await runCommand(process.argv.slice(2), terminal, () => open(product))
  // A write that failed has set it.
  if (code > 0) process.exitCode = code
}

if (import.meta.main) await run(tasks)
