interface Given {
  DATABASE_URL?: string | undefined
  DATABASE_DIRECT_URL?: string | undefined
  DATABASE_REPLICA_URL?: string | undefined
}

/** Neon's pooler and the compute behind it differ by the end of the host's first name (neon.com/docs/connect/connection-pooling). */
const neonPooler = /^(ep-[^.]+)-pooler(\..+\.neon\.tech)$/

function behindNeonPooler(url: string): string | undefined {
  const direct = new URL(url)
  if (!neonPooler.test(direct.hostname)) return undefined
  direct.hostname = direct.hostname.replace(neonPooler, '$1$2')
  return direct.href
}

/** Where PgBouncer (6432) and Supabase's pooler (6543) listen, what poolers are called, and Prisma's word for it. */
const smellsOfPooler = ({ port, hostname, searchParams }: URL) =>
  port === '6432' || port === '6543' || /pooler|pgbouncer/.test(hostname) || searchParams.get('pgbouncer') === 'true'

/**
 * Where requests go, and, past a pooler, what a session must keep to itself: LISTEN and migrations. The two are the same
 * where no pooler stands between. Complains where that cannot be told.
 */
export function databaseUrls(given: Given, complain: (problem: string) => void) {
  const { DATABASE_URL: databaseUrl, DATABASE_DIRECT_URL: direct, DATABASE_REPLICA_URL: replicaUrl } = given
  if (databaseUrl === undefined) {
    for (const name of ['DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URL'] as const)
      if (given[name] !== undefined) complain(`${name}: means nothing without DATABASE_URL`)
    return { databaseUrl, directUrl: undefined, replicaUrl: undefined }
  }
  const directUrl = direct ?? behindNeonPooler(databaseUrl)
  if (directUrl === undefined && smellsOfPooler(new URL(databaseUrl)))
    complain(
      'DATABASE_DIRECT_URL: is required, as DATABASE_URL looks like that of a pooler: the URL past it (the same URL if it is none)'
    )
  if (replicaUrl === databaseUrl || replicaUrl === (directUrl ?? databaseUrl))
    complain('DATABASE_REPLICA_URL: is that of the primary')
  return { databaseUrl, directUrl: directUrl ?? databaseUrl, replicaUrl }
}
