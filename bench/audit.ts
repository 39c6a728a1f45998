import { runCommand } from './helpers/command.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { onOwnDatabase } from './helpers/service.ts'

export const needsPostgres = true

const events = 1_000_000 * Number(process.env.SCALE ?? 1)
const users = Math.ceil(events / 100)
/** Rows per statement. */
const batch = 100_000
/** Bytes of a process, of which Node.js and the modules take about half. */
const mostMemory = 300e6

/** Events of users of two years, as a release without a chain stored them: without positions and hashes. */
const eventsOf = (from: number, to: number) => `
  insert into security_events (id, at, event, user_id, session_id, address, user_agent)
  select gen_random_uuid(), now() - interval '730 days' * (1 - i / ${events + 1}.0),
    (array['login', 'logout', 'step_up', 'login.failed', 'password.changed'])[1 + i % 5],
    case when i % 20 > 0 then people.id end, gen_random_uuid(), '192.0.2.' || i % 250,
    'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
  from generate_series(${from}, ${to}) as i join people on people.number = 1 + i % ${users}`

/** Seals, verifies, exports and prunes a million events by the commands that operators run. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url, query }) => {
    const settings = { DATABASE_URL: url }
    const audit = (...args: string[]) => runCommand('src/commands/audit.ts', args, settings)
    await runCommand('src/commands/migrate.ts', [], settings)
    await query(`insert into users (id, email, name, password_hash)
      select gen_random_uuid(), 'person' || i || '@example.com', 'Person', 'none' from generate_series(1, ${users}) as i`)
    await query('create table people as select row_number() over () as number, id from users')
    await query('create unique index on people (number)')
    for (let from = 1; from <= events; from += batch) {
      await query(eventsOf(from, Math.min(events, from + batch - 1)))
      say(`${Math.min(events, from + batch - 1).toLocaleString('en')} events`)
    }
    await query('analyze users; analyze people; analyze security_events')

    const figures: Figure[] = []
    async function measure(what: string, most: number, ...args: string[]) {
      const { seconds, peak, bytes, last } = await audit(...args)
      const rate = Math.round(events / seconds).toLocaleString('en')
      const measured = `${seconds.toFixed(1)} s (${rate}/s), ${(peak / 1e6).toFixed(0)} MB, ${bytes.toLocaleString('en')} bytes written`
      const target = `<= ${most} s, <= ${mostMemory / 1e6} MB`
      figures.push(
        figure(`${what} ${events.toLocaleString('en')} events`, target, measured, seconds <= most && peak <= mostMemory)
      )
      say(`${what}: ${measured}`)
      return last
    }
    await measure('sealing', 180, 'head')
    const verified = await measure('verifying', 60, 'verify', '--json')
    if (!verified.includes(`"ok":true,"events":${events}`)) throw new Error(verified)
    await measure('exporting', 60, 'export')
    await measure('pruning', 60, 'prune', '--yes', '--before', new Date().toISOString())
    await audit('verify')
    return figures
  })
