import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

/** The migrated database that a first start copies, for these migrations and this PGlite. `npm ci` creates it. */
export function templatePath(): string {
  const state = createHash('sha256')
  const migrations = new URL('migrations/', root)
  const files = readdirSync(migrations, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.d)\.[jt]s$/.test(name)
  )
  for (const name of files.sort()) state.update(readFileSync(new URL(name, migrations)))
  state.update(readFileSync(new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))))
  return fileURLToPath(new URL(`node_modules/.cache/gatehouse-database-${state.digest('hex').slice(0, 12)}`, root))
}

/** Copies the template to a path, atomically. Returns false if there is no template, or it cannot be read. */
export function copyTemplate(directory: string, template: string): boolean {
  if (!existsSync(join(template, 'PG_VERSION'))) return false
  const draft = `${directory}.draft`
  rmSync(draft, { recursive: true, force: true })
  cpSync(template, draft, { recursive: true })
  renameSync(draft, directory)
  return true
}
