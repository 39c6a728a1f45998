import { type QueryExecutorProvider, sql } from 'kysely'

/** Converts a domain to ASCII by UTS #46, as the host of a URL; undefined if it is not a plain host name. */
function asciiDomain(domain: string): string | undefined {
  const url = `http://${domain}`
  if (!URL.canParse(url)) return undefined
  const { hostname, href } = new URL(url)
  return href === `http://${hostname}/` && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(hostname) ? hostname : undefined
}

/** Earlier imports stored domains unconverted, and the login refused these addresses. A row stays if another has the address. */
export async function up(db: QueryExecutorProvider): Promise<void> {
  const { rows } = await sql<{ id: string; email: string }>`
    select id, email from users where issuer is null and email ~ '[^\\x01-\\x7f]'`.execute(db)
  for (const { id, email } of rows) {
    const at = email.lastIndexOf('@')
    const domain = asciiDomain(email.slice(at + 1))
    const address = `${email.slice(0, at)}@${domain}`
    if (domain === undefined || address.length > 254) continue
    await sql`update users set email = ${address} where id = ${id} and not exists
      (select 1 from users as other where other.issuer is null and other.email = ${address})`.execute(db)
  }
}

/** Nothing to undo: the old rows were unusable. */
export async function down(): Promise<void> {}
