import type { Transaction } from 'kysely'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import { namingUser, outboxRepository } from '../repositories/outbox.ts'
import { personalDataRepository } from '../repositories/personal-data.ts'
import { usersRepository } from '../repositories/users.ts'

/** Deletes what a product stores about a user, where a foreign key does not do it. */
export type Erase = (userId: string, trx: Transaction<Database>) => Promise<void>

/**
 * Call it with the user locked, before they are deleted, disabled or demoted. Throws `last_admin`: of two admins who do so
 * to each other at once, one fails.
 */
export async function keepAnAdmin(userId: string, trx: Transaction<Database>): Promise<void> {
  const users = usersRepository(trx)
  const user = await users.find(userId)
  if (user?.role !== 'admin' || !user.is_active) return
  await users.holdAdmins()
  if (!(await users.hasOtherAdmin(userId))) throw problems.lastAdmin()
}

/** Deletes a user whom the transaction has locked, with everything that belongs to them. Triggers end the sessions. */
export async function removeAccount(userId: string, trx: Transaction<Database>, erase?: Erase): Promise<void> {
  // Before the lock, which the sender waits for while it stores a token.
  await outboxRepository(trx).withdraw(userId, namingUser)
  await personalDataRepository(trx).erase(userId)
  await usersRepository(trx).lock(userId)
  await erase?.(userId, trx)
  await usersRepository(trx).remove(userId)
}
