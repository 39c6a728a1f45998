import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchDatabase, start } from './service.ts'

const person = (i: string) => `'person-' || ${i} || '@example.com'`

/** Starts a mail server that takes this many milliseconds to accept a mail. Returns the settings of a service that uses it. */
export async function startMailServer(delay = 0) {
  const child = start('bench/helpers/mail-server.ts', { MAIL_DELAY: String(delay) })
  const [said] = await once(child.stdout, 'data')
  const SMTP_URL = /smtp:\S+/.exec(String(said))?.[0] ?? ''
  return {
    settings: { SMTP_URL, MAIL_FROM: 'no-reply@mail.example.com', APP_URL: 'https://app.example.com' },
    stop: () => child.kill('SIGKILL')
  }
}

/** Creates users whom mails can be sent to: person-1@example.com, and so on. */
export const addPeople = ({ query }: BenchDatabase, count: number) =>
  query(`insert into users (id, email, name, password_hash)
    select gen_random_uuid(), ${person('i')}, 'Somebody', 'none' from generate_series(1, ${count}) i on conflict do nothing`)

export type Kind = 'password.changed' | 'reset'

/** Writes mails to these people that are due at a time. */
export async function addMails({ query }: BenchDatabase, kind: Kind, count: number, nextAt = 'now()'): Promise<void> {
  await query(`insert into mails (id, kind, recipient, language, address, seed, next_at)
    select gen_random_uuid(), '${kind}', ${person('i')}, 'en', '192.0.2.1',
      decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'), ${nextAt}
    from generate_series(1, ${count}) i`)
  await query('analyze mails')
}

export async function removeMails({ query }: BenchDatabase): Promise<void> {
  await query('truncate mails, mail_tokens')
}

/** Waits until no mail waits. */
export async function whenEmpty({ query }: BenchDatabase): Promise<void> {
  while ((await query('select 1 from mails where done_at is null limit 1')).rows.length > 0) await sleep(100)
}

/** Waits until the mails to people were sent. Returns mails per second, by the clock of the database. */
export async function whenSent(database: BenchDatabase): Promise<number> {
  await whenEmpty(database)
  const { rows } = await database.query(`select count(*) filter (where outcome = 'sent') as sent, count(*) as all,
    extract(epoch from max(done_at) - min(done_at))::float8 as seconds from mails where recipient like 'person-%'`)
  const { sent, all, seconds } = rows[0]
  if (sent !== all) throw new Error(`${all - sent} mails were not sent`)
  return Number(sent) / seconds
}
