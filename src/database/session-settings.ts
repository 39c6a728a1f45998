/** PostgreSQL's settings of one session; times in milliseconds. Unless told it waits for ever. */
export type SessionSettings = Readonly<Record<string, string>>

/** What a pooler of transactions loses, or leaves to whoever comes next. */
export const limits: SessionSettings = {
  statement_timeout: '5000',
  lock_timeout: '1500',
  idle_in_transaction_session_timeout: '10000'
}

/** What a pooler of transactions keeps for each of its clients, as PostgreSQL reports it (PgBouncer, Neon's). */
export const forPooled: SessionSettings = { timezone: 'UTC' }

export const forRequests: SessionSettings = { ...forPooled, ...limits }

/** Whoever still waits after that is better served by the primary. */
export const forReplicas: SessionSettings = { ...forRequests, statement_timeout: '2000' }

/** A statement may take its time, but what waits for a lock holds up all who come after it. */
export const forMigrations: SessionSettings = {
  timezone: 'UTC',
  statement_timeout: '0',
  lock_timeout: '500',
  idle_in_transaction_session_timeout: '60000'
}

/** SET, not startup parameters: poolers (PgBouncer, Neon's) refuse the latter. */
export const settingStatements = (settings: SessionSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `set ${name} to '${value}'`)
    .join(';')
