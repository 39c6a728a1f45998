import type { Kysely } from 'kysely'
import { v5 as uuidOf } from 'uuid'
import { normalEmail } from '../auth/email-address.ts'
import { argon2KindOf, maxArgon2Kinds } from '../auth/passwords/argon2.ts'
import { readHashKinds } from '../auth/passwords/hash-kinds.ts'
import { storedHash } from '../auth/passwords/hashing.ts'
import type { Database } from '../database/tables.ts'
import type { SourceUser } from '../repositories/better-auth.ts'
import { usersRepository } from '../repositories/users.ts'

/** Namespace of the new ids, which are derived from the old ones, so that a second run finds the users of the first. */
const namespace = '0f6f7d6e-2f0c-4d0e-9a53-5f8f0c2b1d34'
const batch = 500

export type Outcome =
  | 'imported'
  | 'banned'
  | 'already'
  | 'taken'
  | 'passwordless'
  | 'noAddress'
  | 'unknownHash'
  | 'furtherArgon2'
export type Report = Record<Outcome, number>

/** Users in a fixed order. A page may depend on the one before, or on where it ended. */
export interface UserSource {
  page: (after: string | number | undefined, limit: number) => Promise<SourceUser[]>
}

interface Options {
  source: UserSource
  /** Of systems whose ids may be those of another one. */
  idPrefix?: string | undefined
  target: Kysely<Database>
  dryRun: boolean
  onProgress: (read: number) => void
  onSkipped: (id: string, outcome: Outcome) => void
}

const present = new Set<Outcome>(['imported', 'banned', 'already'])

/** Rolls back a batch of a dry run. */
class DryRun extends Error {}

/** Adds the kind of a hash of argon2. Returns whether there are too many. */
function isFurther(hash: string, argon2Kinds: Set<string>): boolean {
  const kind = argon2KindOf(hash)
  if (kind === undefined || argon2Kinds.has(kind)) return false
  if (argon2Kinds.size >= maxArgon2Kinds) return true
  argon2Kinds.add(kind)
  return false
}

function newRow(
  { id, name, email, email_verified, password, created_at, is_banned }: SourceUser,
  idPrefix: string,
  argon2Kinds: Set<string>
) {
  const address = normalEmail(email)
  if (password === null) return 'passwordless'
  if (address === undefined) return 'noAddress'
  const hash = storedHash(password)
  if (hash === undefined) return 'unknownHash'
  if (isFurther(hash, argon2Kinds)) return 'furtherArgon2'
  const shown = (name ?? '').replaceAll('\0', '').slice(0, 100).toWellFormed().trim()
  return {
    id: uuidOf(`${idPrefix}${id}`, namespace),
    email: address,
    email_verified,
    name: shown || address,
    password_hash: hash,
    is_active: !is_banned,
    created_at
  }
}

/**
 * Copies users and password hashes of another system, one transaction per batch. Existing users are never
 * changed, so an interrupted run can be repeated.
 */
export async function importUsers(options: Options): Promise<Report> {
  const { source, idPrefix = '', target, dryRun, onProgress, onSkipped } = options
  const report: Report = {
    imported: 0,
    banned: 0,
    already: 0,
    taken: 0,
    passwordless: 0,
    noAddress: 0,
    unknownHash: 0,
    furtherArgon2: 0
  }
  const argon2Kinds = new Set((await readHashKinds(target)).argon2)
  let read = 0

  async function importBatch(users: readonly SourceUser[]): Promise<Map<SourceUser, Outcome>> {
    const result = new Map<SourceUser, Outcome>()
    const rows = new Map<SourceUser, Exclude<ReturnType<typeof newRow>, string>>()
    for (const user of users) {
      const row = newRow(user, idPrefix, argon2Kinds)
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
      if (!present.has(outcome)) onSkipped(String(user.id), outcome)
    }
    read += users.length
    onProgress(read)
    after = users.at(-1)?.id
  } while (users.length === batch)
  return report
}
