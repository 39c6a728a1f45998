import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { betterAuthRepository, sourceTables } from '../repositories/better-auth.ts'
import { importUsers, type Outcome } from './better-auth.ts'
import { findLayout } from './layout.ts'

const outcomes: Record<Outcome, string> = {
  imported: 'imported',
  banned: 'imported, but deactivated: banned in Better Auth',
  already: 'imported by an earlier run',
  taken: 'skipped: the email belongs to another account in Gatehouse',
  passwordless: 'skipped: no password, only other ways to log in',
  noAddress: 'skipped: invalid email (docs/email-addresses.md)',
  unknownHash: 'skipped: unknown kind of password hash'
}

const maxListed = 20

interface Options {
  from: Kysely<unknown>
  target: Kysely<Database>
  dryRun: boolean
  print: (text: string) => unknown
}

/** Imports users, and prints progress and results. */
export async function importWithReport({ from, target, dryRun, print }: Options): Promise<void> {
  const layout = findLayout(await sourceTables(from))
  print(`Reading ${layout.schema}.${layout.users.table} and ${layout.schema}.${layout.accounts.table}\n`)
  const source = betterAuthRepository(from, layout)
  const total = await source.count()
  const skipped: string[] = []
  const report = await importUsers({
    source,
    target,
    dryRun,
    onProgress: (read) => print(`${read} of ${total} users read\n`),
    onSkipped: (id, outcome) => skipped.push(`  ${id}: ${outcomes[outcome]}\n`)
  })
  print(dryRun ? '\nA dry run: nothing was written. This is what --write would do:\n' : '\nDone:\n')
  for (const [outcome, count] of Object.entries(report))
    print(`${String(count).padStart(8)}  ${outcomes[outcome as Outcome]}\n`)
  if (skipped.length > 0)
    print(`\nSkipped, by id in the source (at most ${maxListed}):\n${skipped.slice(0, maxListed).join('')}`)
}
