import type { Kysely } from 'kysely'
import { isBetterAuthScrypt, isFirebaseScrypt } from '../auth/passwords/scrypt.ts'
import type { Database } from '../database/tables.ts'
import { usersRepository } from '../repositories/users.ts'

const pageSize = 1_000

/** How another system must check a hash (docs/import.md). */
function algorithmOf(hash: string): string {
  if (isBetterAuthScrypt(hash)) return 'scrypt-better-auth'
  if (isFirebaseScrypt(hash)) return 'scrypt-firebase'
  return hash.startsWith('nfkc') ? 'bcrypt-nfkc' : 'bcrypt'
}

/** Yields the users who registered here as NDJSON, for another system, page by page. The hashes only on request. */
export async function* userLines(
  db: Kysely<Database>,
  { withHashes, size = pageSize }: { withHashes: boolean; size?: number }
): AsyncGenerator<string> {
  const users = usersRepository(db)
  let page = await users.exportPage(undefined, size)
  while (page.length > 0) {
    yield page
      .map(({ password_hash: hash, is_active, ...user }) => {
        const secret = { password_hash: hash.replace(/^nfkc/, ''), password_algorithm: algorithmOf(hash) }
        return `${JSON.stringify({ ...user, disabled: !is_active, ...(withHashes && secret) })}\n`
      })
      .join('')
    page = await users.exportPage(page.at(-1)?.id, size)
  }
}
