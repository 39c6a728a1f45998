import type { Kysely } from 'kysely'
import { maxArgon2Kinds } from '../auth/passwords/argon2.ts'
import type { Database } from '../database/tables.ts'
import { betterAuthRepository, sourceTables } from '../repositories/better-auth.ts'
import { findLayout } from './layout.ts'
import { importUsers, type Outcome, type UserSource } from './users.ts'

const outcomes: Record<Outcome, string> = {
  imported: 'imported',
  banned: 'imported, but deactivated: banned there',
  already: 'imported by an earlier run',
  taken: 'skipped: the email belongs to another account in Gatehouse',
  passwordless: 'skipped: no password, only other ways to log in',
  noAddress: 'skipped: invalid email (docs/email-addresses.md)',
  unknownHash: 'skipped: unknown kind of password hash',
  furtherArgon2: `skipped: more than ${maxArgon2Kinds} different sets of parameters of argon2`
}

const maxListed = 20

interface Common {
  target: Kysely<Database>
  dryRun: boolean
  print: (text: string) => unknown
}

interface Options extends Common {
  source: UserSource
  /** What is read, for people. */
  what: string
  /** Undefined for a file, which is not read twice. */
  total?: number
  idPrefix?: string
}

/** Imports users, and prints progress and results. */
export async function importFrom({ source, what, total, idPrefix, target, dryRun, print }: Options): Promise<void> {
  print(`Reading ${what}\n`)
  const skipped: string[] = []
  const ofTotal = total === undefined ? '' : ` of ${total}`
  let isMore = false
  const report = await importUsers({
    ...{ source, target, dryRun, idPrefix },
    onProgress: (read) => print(`${read}${ofTotal} users read\n`),
    onSkipped(id, outcome) {
      if (skipped.length < maxListed) skipped.push(`  ${id}: ${outcomes[outcome]}\n`)
      else isMore = true
    }
  })
  print(dryRun ? '\nA dry run: nothing was written. This is what --write would do:\n' : '\nDone:\n')
  for (const [outcome, count] of Object.entries(report))
    print(`${String(count).padStart(8)}  ${outcomes[outcome as Outcome]}\n`)
  if (skipped.length > 0)
    print(`\nSkipped, by id in the source${isMore ? ` (the first ${maxListed})` : ''}:\n${skipped.join('')}`)
}

/** Imports the users of a Better Auth database. */
export async function importWithReport({ from, ...common }: Common & { from: Kysely<unknown> }): Promise<void> {
  const layout = findLayout(await sourceTables(from))
  const source = betterAuthRepository(from, layout)
  const { schema, users, accounts } = layout
  const what = `${schema}.${users.table} and ${schema}.${accounts.table}`
  await importFrom({ ...common, source, what, total: await source.count() })
}
