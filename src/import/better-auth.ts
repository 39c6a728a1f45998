import type { Kysely } from 'kysely'
import { v5 as uuidOf } from 'uuid'
import { normalEmail } from '../auth/email-address.ts'
import { isKnownHash } from '../auth/passwords/hashing.ts'
import type { Database } from '../database/tables.ts'
import type { BetterAuthRepository, SourceUser } from '../repositories/better-auth.ts'
import { usersRepository } from '../repositories/users.ts'

/** Users go by their old id into a new one, always the same: so a second run finds what the first has done. */
const namespace = '0f6f7d6e-2f0c-4d0e-9a53-5f8f0c2b1d34'
const batch = 500

/** What became of a user; see report.ts for the words. */
export type Outcome = 'imported' | 'banned' | 'already' | 'taken' | 'passwordless' | 'noAddress' | 'unknownHash'
export type Report = Record<Outcome, number>

interface Options {
  source: BetterAuthRepository
  target: Kysely<Database>
  /** Looks, and writes nothing. */
  dryRun: boolean
  /** Called after each batch, with how many users have been read. */
  onProgress: (read: number) => void
  /** Called for each user who was not imported. */
  onLeft: (id: string, outcome: Outcome) => void
}

const here = new Set<Outcome>(['imported', 'banned', 'already'])

/** Undoes a dry run's batch after it has shown what it would do. */
class DryRun extends Error {}

function newRow({ id, name, email, password, created_at, is_banned }: SourceUser) {
  const address = normalEmail(email)
  if (password === null) return 'passwordless'
  if (address === undefined) return 'noAddress'
  if (!isKnownHash(password)) return 'unknownHash'
  const shown = (name ?? '').replaceAll('\0', '').slice(0, 100).toWellFormed().trim()
  return {
    id: uuidOf(String(id), namespace),
    email: address,
    name: shown || address,
    password_hash: password,
    is_active: !is_banned,
    created_at
  }
}

/**
 * Copies users and their password hashes from a Better Auth database, in batches of one transaction each. Nothing here is
 * ever overwritten, and a run that was broken off can be started again: who is here already is left as they are.
 */
export async function importUsers({ source, target, dryRun, onProgress, onLeft }: Options): Promise<Report> {
  const report: Report = {
    imported: 0,
    banned: 0,
    already: 0,
    taken: 0,
    passwordless: 0,
    noAddress: 0,
    unknownHash: 0
  }
  let read = 0

  async function importBatch(users: readonly SourceUser[]): Promise<Map<SourceUser, Outcome>> {
    const result = new Map<SourceUser, Outcome>()
    const rows = new Map<SourceUser, Exclude<ReturnType<typeof newRow>, string>>()
    for (const user of users) {
      const row = newRow(user)
      if (typeof row === 'string') result.set(user, row as Outcome)
      else rows.set(user, row)
    }
    const work = target.transaction().execute(async (trx) => {
      const written = await usersRepository(trx).importAll([...rows.values()])
      for (const [user, { id, is_active }] of rows)
        if (written.inserted.has(id)) result.set(user, is_active ? 'imported' : 'banned')
        else result.set(user, written.existing.has(id) ? 'already' : 'taken')
      if (dryRun) throw new DryRun()
    })
    await work.catch((error) => {
      if (!(error instanceof DryRun)) throw error
    })
    return result
  }

  let users: SourceUser[]
  let after: string | number | undefined
  do {
    users = await source.page(after, batch)
    for (const [user, outcome] of await importBatch(users)) {
      report[outcome] += 1
      if (!here.has(outcome)) onLeft(String(user.id), outcome)
    }
    read += users.length
    onProgress(read)
    after = users.at(-1)?.id
  } while (users.length === batch)
  return report
}
