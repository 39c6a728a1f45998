import type { Kysely, Transaction } from 'kysely'
import type { User } from '../../schemas/users.ts'
import type { Database } from '../database/tables.ts'
import { browserOf } from '../mail/browsers.ts'
import type { Mail } from '../mail/mail.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import type { Client } from './client.ts'

/** Browsers are compared by name, so that an update is not a new one. */
const nameOf = (userAgent: string | null) => JSON.stringify(browserOf(userAgent))

/**
 * Tells the owner of a login from a network and browser that the account was not used from before (OWASP ASVS 5.0, 6.3.5).
 * The first login after registering is not worth a mail. Returns whether one was written.
 */
export async function noticeLogin(
  { id, email }: User,
  client: Client,
  mail: Pick<Mail, 'settings' | 'write'>,
  trx: Kysely<Database> | Transaction<Database>
): Promise<boolean> {
  if (!mail.settings) return false
  const events = securityEventsRepository(trx)
  const known = await events.userAgentsFrom(id, client.prefix)
  if (known.map(nameOf).includes(nameOf(client.userAgent)) || !(await events.wasUsed(id))) return false
  await mail.write({ kind: 'login.new', recipient: email, user_id: id }, client, trx)
  return true
}
