import type { Kysely } from 'kysely'
import { fetchKeys, type TrustedIssuer } from '../auth/tokens/issuers.ts'
import type { Config } from '../config/config.ts'
import { weakness } from '../config/secrets.ts'
import { explain } from '../database/failures.ts'
import { databaseExists, inspect } from '../database/inspect.ts'
import { migrationsOf } from '../database/migrate.ts'
import type { Database } from '../database/tables.ts'
import { nameDatabase } from '../process/banner.ts'
import { commandText } from '../process/program.ts'
import type { Product } from '../product/product.ts'
import { shownUrl } from '../util/shown-url.ts'
import { type Finding, quote } from './findings.ts'

const oldest = 14

export function checkSettings({ production, secrets, issuers }: Config): Finding {
  const guessable = secrets.some(({ secret }) => weakness(secret, true))
  return {
    ok: true,
    text: `Settings: ${production ? 'production' : 'not production'}; versions of the secret: ${secrets.length}; other issuers: ${issuers.length}`,
    ...(guessable && { advice: 'Production refuses this secret: it is published or easy to guess.' })
  }
}

export function judgeDatabase({ version, pending }: Awaited<ReturnType<typeof inspect>>, name: string): Finding {
  const text = `Database: ${name}; PostgreSQL ${version}`
  if (Number.parseInt(version, 10) < oldest)
    return { ok: false, text, advice: `It must be PostgreSQL ${oldest} or later.` }
  if (pending.length > 0)
    return {
      ok: false,
      text: `${text}; these migrations are missing: ${pending.join(', ')}`,
      advice: `Start the service, or run: ${commandText('migrate')}`
    }
  return { ok: true, text: `${text}; its schema is up to date` }
}

export async function checkDatabase(
  db: Kysely<Database>,
  config: Config,
  { migrations }: Pick<Product, 'migrations'>
): Promise<Finding> {
  const name = nameDatabase(config)
  if (!databaseExists(config))
    return { ok: undefined, text: `Database: ${name}; does not exist yet, the first start creates it` }
  try {
    return judgeDatabase(await inspect(db, { product: migrationsOf(migrations) }), name)
  } catch (error) {
    const [, holder] = /in use by the process with pid (\w+)/.exec((error as Error).message) ?? []
    return holder
      ? { ok: undefined, text: `Database: ${name}; in use by the process with pid ${holder}` }
      : { ok: false, text: `Database: ${name}; it does not answer: ${explain(error)}` }
  }
}

/** Checks that an issuer's keys can be fetched and used. */
export async function checkIssuer(trusted: TrustedIssuer): Promise<Finding> {
  const { issuer, algorithms } = trusted
  const source = shownUrl(trusted.jwksUrl)
  const refused: string[] = []
  try {
    const keys = await fetchKeys(trusted, (kid, reason) => refused.push(`${quote(kid)} refused, because ${reason}`))
    const usable = [...keys].map(([kid, { algorithm }]) => `${quote(kid)} for ${algorithm}`)
    return {
      ok: keys.size > 0,
      text: `Issuer ${issuer}: ${keys.size} usable of ${keys.size + refused.length} keys at ${source}: ${[...usable, ...refused].join('; ')}`,
      ...(keys.size === 0 && { advice: `It must publish a key with a kid, for one of ${algorithms.join(', ')}.` })
    }
  } catch (error) {
    const { cause = error } = error as Error
    return {
      ok: false,
      text: `Issuer ${issuer}: no keys from ${source}: ${explain(cause)}`,
      advice:
        'Check that the server runs and can be reached from here. Better Auth serves its keys there with the plugin jwt(). If its routes are not below /api/auth, add their path to BETTER_AUTH_URL.'
    }
  }
}
