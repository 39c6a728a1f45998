/** Settings of a PostgreSQL session; times in milliseconds. The defaults wait without a limit. */
export type SessionSettings = Readonly<Record<string, string>>

/** Settings that a transaction pooler does not keep for its client. */
export const limits: SessionSettings = {
  statement_timeout: '5000',
  lock_timeout: '1500',
  idle_in_transaction_session_timeout: '10000'
}

/** Settings that a transaction pooler keeps for each client, because PostgreSQL reports them (PgBouncer, Neon). */
export const forPooled: SessionSettings = { timezone: 'UTC' }

export const forRequests: SessionSettings = { ...forPooled, ...limits }

export const forReplicas: SessionSettings = { ...forRequests, statement_timeout: '2000' }

/** A statement may take long, but a statement that waits for a lock blocks all later ones. */
export const forMigrations: SessionSettings = {
  timezone: 'UTC',
  statement_timeout: '0',
  lock_timeout: '500',
  idle_in_transaction_session_timeout: '60000'
}

/** Statements, because poolers (PgBouncer, Neon) refuse these as startup parameters. */
export const settingStatements = (settings: SessionSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `set ${name} to '${value}'`)
    .join(';')
