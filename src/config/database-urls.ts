interface Given {
  DATABASE_URL?: string | undefined
  DATABASE_DIRECT_URL?: string | undefined
  DATABASE_REPLICA_URL?: string | undefined
}

/** Neon names its pooler like the compute behind it, plus `-pooler` (neon.com/docs/connect/connection-pooling). */
const neonPooler = /^(ep-[^.]+)-pooler(\..+\.neon\.tech)$/

function behindNeonPooler(url: string): string | undefined {
  const direct = new URL(url)
  if (!neonPooler.test(direct.hostname)) return undefined
  direct.hostname = direct.hostname.replace(neonPooler, '$1$2')
  return direct.href
}

/** The usual ports of PgBouncer (6432) and Supabase's pooler (6543), usual host names, and Prisma's parameter. */
const looksLikePooler = ({ port, hostname, searchParams }: URL) =>
  port === '6432' || port === '6543' || /pooler|pgbouncer/.test(hostname) || searchParams.get('pgbouncer') === 'true'

/** Returns the URLs for requests, for LISTEN and migrations (which cannot use a pooler) and for the replica. */
export function databaseUrls(given: Given, complain: (problem: string) => void) {
  const { DATABASE_URL: databaseUrl, DATABASE_DIRECT_URL: direct, DATABASE_REPLICA_URL: replicaUrl } = given
  if (databaseUrl === undefined) {
    for (const name of ['DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL'] as const)
      if (given[name] !== undefined) complain(`${name}: requires DATABASE_URL`)
    return { databaseUrl, directUrl: undefined, replicaUrl: undefined }
  }
  const directUrl = direct ?? behindNeonPooler(databaseUrl)
  if (directUrl === undefined && looksLikePooler(new URL(databaseUrl)))
    complain(
      'DATABASE_DIRECT_URL: is required, because DATABASE_URL looks like the URL of a pooler: set the URL that bypasses it (or the same URL if there is no pooler)'
    )
  if (replicaUrl === databaseUrl || replicaUrl === (directUrl ?? databaseUrl))
    complain('DATABASE_REPLICA_URL: must not be the URL of the primary')
  return { databaseUrl, directUrl: directUrl ?? databaseUrl, replicaUrl }
}
