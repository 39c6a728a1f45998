import type { BenchDatabase } from './service.ts'

/** Rows per statement: each takes seconds, so that progress is visible. */
const batch = 100_000
const firstNames =
  'anna ben carla david elena felix greta hannah ines jonas karin leon maria nina oscar paula robert sara thomas ulrike viktor yasmin martin marina marianne annika johanna johannes christian christina stefan stefanie andrea andreas alexander alexandra'
const lastNames =
  'mueller schmidt schneider fischer weber meyer wagner becker schulz hoffmann schaefer koch bauer richter klein wolf schroeder neumann schwarz zimmermann braun krueger hofmann hartmann lange schmitt werner krause meier lehmann schmid schulze maier koehler herrmann walter koenig mayer huber kaiser fuchs peters lang scholz moeller weiss jung hahn schubert vogel friedrich keller guenther frank berger winkler roth beck lorenz baumann franke albrecht schuster simon ludwig boehm winter kraus martin schumacher kraemer vogt stein jaeger otto sommer gross seidel heinrich brandt haas schreiber graf schulte dietrich ziegler kuhn kuehn pohl engel horn busch bergmann thomas voigt sauer arnold wolff pfeiffer'
const domains = 'example.com example.org mail.example.net students.example.edu firma.example post.example'
const words = (list: string) => `(array['${list.split(' ').join("','")}'])`
const oneOf = (list: string, column: string) =>
  `${words(list)}[1 + ((hashint8extended(i, ${column.length}) & 1073741823) % ${list.split(' ').length})::int]`

/**
 * Adds users with common names and addresses like `anna.mueller1234@example.com`, of whom nine of ten have signed in, one of a
 * hundred is disabled and one of 100,000 is an admin.
 */
export async function addUsers({ query }: BenchDatabase, count: number, say: (text: string) => void): Promise<void> {
  const { rows: definitions } = await query(
    "select indexdef from pg_indexes where indexname = any(array['users_by_grams', 'users_by_long_grams'])"
  )
  await query('drop index if exists users_by_grams, users_by_long_grams')
  for (let from = 1; from <= count; from += batch) {
    const to = Math.min(count, from + batch - 1)
    await query(`insert into users (id, email, name, password_hash, is_active, role)
      select gen_random_uuid(), first || '.' || last || i || '@' || domain, initcap(first) || ' ' || initcap(last), 'none',
        i % 100 <> 0, case when i % 100000 = 0 then 'admin' else 'user' end
      from (select i, ${oneOf(firstNames, 'first')} as first, ${oneOf(lastNames, 'last')} as last,
        ${oneOf(domains, 'domain')} as domain from generate_series(${from}, ${to}) as i) as made`)
    say(`${to.toLocaleString('en')} users`)
  }
  await query(`update sign_ins set at = now() - random() * interval '2 years' where random() < 0.9`)
  for (const { indexdef } of definitions) await query(indexdef)
  await query('vacuum analyze users, sign_ins')
  say('indexes built')
}
