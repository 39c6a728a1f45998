import type { Kysely } from 'kysely'
import type { Database } from '../../database/tables.ts'
import { findHashKinds } from '../../repositories/hash-kinds.ts'
import { argon2Kinds } from './argon2.ts'
import type { HashKinds } from './hashing.ts'
import { digests, kindsOf } from './pbkdf2.ts'

const pbkdf2 = Object.fromEntries(digests.map((name) => [name, kindsOf(name)]))

/** Finds out what the stored hashes need. */
export const readHashKinds = (db: Kysely<Database>): Promise<HashKinds> =>
  findHashKinds(db, { argon2: argon2Kinds, pbkdf2 })
