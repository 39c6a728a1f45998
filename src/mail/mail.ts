import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Client } from '../auth/client.ts'
import type { SecurityLog } from '../auth/security-log.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/tables.ts'
import { type ClaimedMail, type NewMail, outboxRepository } from '../repositories/outbox.ts'
import { languageOf } from './languages.ts'
import { createLetters } from './letters.ts'
import { createMailTokens } from './mail-tokens.ts'
import { createSender } from './sender.ts'
import { openFiles, openSmtp, type Transport } from './transport.ts'

/** Milliseconds. Nobody notices a second, and it hides which request caused a mail. */
const maxDelay = 1_000

interface Surroundings {
  securityLog: Pick<SecurityLog, 'record'>
  log: { warn: (details: object, message: string) => void }
  /** Replaces the mail server. */
  transport?: (() => Promise<Transport>) | undefined
}

export type MailToWrite = Pick<NewMail, 'kind' | 'recipient' | 'user_id' | 'change_id'>

/** Mail as the rest of the service uses it: what is written into the outbox is sent later, by any process. */
export function createMail(config: Config, db: Kysely<Database>, { securityLog, log, transport }: Surroundings) {
  const { mail: settings, secrets, dataDir } = config
  const tokens = createMailTokens(secrets)
  const outbox = outboxRepository(db)

  function openTransport(): Promise<Transport> {
    if (settings?.smtp) return openSmtp({ ...settings, smtp: settings.smtp })
    return openFiles(settings as NonNullable<typeof settings>, dataDir)
  }

  const onDead = ({ address, user_agent: userAgent, user_id }: ClaimedMail) =>
    securityLog.record(
      'mail.dead',
      { ip: address, prefix: address, userAgent },
      { user_id, actor: { kind: 'service' } }
    )

  const sender =
    settings &&
    createSender({
      outbox,
      letters: createLetters(db, settings, tokens),
      transport: transport ?? openTransport,
      log,
      onDead,
      isAlone: config.databaseUrl === undefined,
      // Files are for development.
      maxDelay: settings.smtp ? maxDelay : 0
    })

  return {
    /** Undefined in production without a mail server. */
    settings,
    tokens,
    sender,

    /** Writes a mail, in the transaction that causes it, and returns its id. Without a mail server: nothing. */
    async write(mail: MailToWrite, client: Client, trx: Kysely<Database> | Transaction<Database>) {
      if (!settings) return undefined
      const { prefix: address, userAgent: user_agent, acceptLanguage } = client
      const origin = { language: languageOf(acceptLanguage), address, user_agent }
      return outboxRepository(trx).insert({ ...mail, ...origin, seed: randomBytes(32) })
    },

    /** Sends what was written. Call it after the commit. */
    wake(): void {
      sender?.wake()
    },

    /** Begins to look for mails. Files, for development, are written only for what this process has caused. */
    start(): void {
      if (settings?.smtp) sender?.start()
    },

    waiting: outbox.waiting,
    outcomes: sender?.outcomes ?? new Map<string, number>(),

    async stop(): Promise<void> {
      await sender?.stop()
    }
  }
}

export type Mail = ReturnType<typeof createMail>
