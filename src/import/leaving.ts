import type { Kysely } from 'kysely'
import { isArgon2, phcOfArgon2 } from '../auth/passwords/argon2.ts'
import { isPbkdf2, phcOfPbkdf2 } from '../auth/passwords/pbkdf2.ts'
import { isBetterAuthScrypt, isFirebaseScrypt } from '../auth/passwords/scrypt.ts'
import type { Database } from '../database/tables.ts'
import { usersRepository } from '../repositories/users.ts'

const pageSize = 1_000

/** A hash, and how another system must check it (docs/import.md). */
function exported(hash: string): [hash: string, algorithm: string] {
  if (isBetterAuthScrypt(hash)) return [hash, 'scrypt-better-auth']
  if (isFirebaseScrypt(hash)) return [hash, 'scrypt-firebase']
  if (isPbkdf2(hash)) return [phcOfPbkdf2(hash), 'pbkdf2']
  if (isArgon2(hash)) return [phcOfArgon2(hash), 'argon2']
  return hash.startsWith('nfkc') ? [hash.slice('nfkc'.length), 'bcrypt-nfkc'] : [hash, 'bcrypt']
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
        const [password_hash, password_algorithm] = exported(hash)
        const secret = { password_hash, password_algorithm }
        return `${JSON.stringify({ ...user, disabled: !is_active, ...(withHashes && secret) })}\n`
      })
      .join('')
    page = await users.exportPage(page.at(-1)?.id, size)
  }
}
