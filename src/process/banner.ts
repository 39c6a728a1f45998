import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { shownUrl } from '../util/shown-url.ts'

/** Describes the configured database for people, without credentials. */
export const nameDatabase = ({ databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>): string =>
  databaseUrl ? shownUrl(databaseUrl) : `embedded, in ${resolve(dataDir)}`

/** The text printed at the start; in production one JSON line. */
export function welcome(origin: string, config: Config): string {
  const line = (what: string, value: string) => `  ${what.padEnd(Math.max(config.appName.length + 13, 15))}${value}`
  const database = nameDatabase(config)
  if (config.production)
    return `${JSON.stringify({ msg: 'listening', url: origin, docs: `${origin}/docs`, database })}\n`
  const body = `{"email":"ann-${randomBytes(3).toString('hex')}@example.com","name":"Ann","password":"correct-horse-7"}`
  return `
${line(`${config.appName} listens on`, origin)}
${line('Documentation', `${origin}/docs`)}
${line('Database', database)}

  Sign up, and get an access token:

  curl -s ${origin}/api/auth/register -H 'content-type: application/json' -d '${body}'

`
}
