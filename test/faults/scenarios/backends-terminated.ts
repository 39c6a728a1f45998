import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { password } from '../../../bench/helpers/http.ts'
import { until } from '../../helpers/wait.ts'
import { type Gatehouse, people, serve } from '../helpers/gatehouse.ts'
import { connect, type Postgres, startPostgres } from '../helpers/postgres.ts'
import { startRate } from '../helpers/rate.ts'
import type { Sandbox } from '../helpers/sandbox.ts'
import { allTitles, judge, longest, type Scenario } from '../helpers/scenario.ts'
import { watchService } from '../helpers/watch.ts'
import { startLoad } from '../helpers/writers.ts'

const terminate = (state: string) =>
  `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse' and state = '${state}'`

/** Polls inside PostgreSQL until it finds a backend, for two seconds. */
const terminateWhenSeen = `
  do $$ declare found int; begin
    for i in 1..100000 loop
      perform pg_stat_clear_snapshot();
      select count(pg_terminate_backend(pid)) into found from pg_stat_activity
        where application_name = 'gatehouse' and state = 'idle in transaction';
      if found > 0 then raise notice 'found'; return; end if;
      exit when clock_timestamp() > now() + interval '2 seconds';
    end loop;
  end $$`

type Strike = (postgres: Postgres) => Promise<number>

const whileIdle: Strike = async (postgres) => (await postgres.ask(terminate('idle'))).length

const inQuery: Strike = async (postgres) => {
  const holder = await connect(postgres.url)
  try {
    await holder.query('begin; lock table tasks in access exclusive mode')
    await sleep(100)
    return (await postgres.ask(terminate('active'))).length
  } finally {
    await holder.end()
  }
}

const betweenStatements: Strike = async (postgres) => {
  const client = await connect(postgres.url)
  let found = 0
  client.on('notice', () => found++)
  await client.query(terminateWhenSeen).finally(() => client.end())
  return found
}

async function strikeOften(sandbox: Sandbox, postgres: Postgres, gatehouse: Gatehouse, strike: Strike, token?: string) {
  const service = watchService(gatehouse.url, token)
  const behind: number[] = []
  const times = sandbox.short ? 3 : 20
  for (let tries = 0; behind.length < times && tries < 3 * times; tries++) {
    await sleep(200 + Math.random() * 300)
    if ((await strike(postgres)) === 0) continue
    const done = performance.now()
    behind.push((await service.answersAfter(done)) - done)
  }
  const complaints: string[] = []
  if (gatehouse.hasEnded()) complaints.push(`the process ended: ${gatehouse.output()}`)
  if (behind.length < times) complaints.push(`found a connection to end only ${behind.length} times`)
  if (longest(behind) > 1_000) complaints.push(`it answered ${longest(behind)} ms later`)
  const told = `answers at most ${longest(behind)} ms later`
  return { times: behind.length, complaints, told, longestOutage: await service.stop() }
}

/** `pg_terminate_backend` on the service's connections: idle, active, and in a transaction. */
export const scenario: Scenario = {
  inCi: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url })
    const tokens = await people(gatehouse.url, 8)
    const rows = []
    for (const [when, strike] of [['idle', whileIdle] as const, ['in a query', inQuery] as const]) {
      const load = startLoad({ url: gatehouse.url, people: tokens })
      const found = await strikeOften(sandbox, postgres, gatehouse, strike, tokens[0])
      const titles = await load.stop().then(() => postgres.ask<{ title: string }>(allTitles))
      const names = titles.map(({ title }) => title)
      rows.push(judge(`pg_terminate_backend while ${when}`, load.ledger, names, found))
    }

    // Registering is a transaction of several statements; an email is unique by an index.
    const signingUp = startRate(20, () => {
      const email = `${randomUUID()}@example.com`
      const send = async () => {
        const answer = await gatehouse.call('POST', '/api/auth/register', { body: { email, name: 'Ann', password } })
        if (answer.status === 201) signingUp.ledger.acknowledged.add(email)
        return answer
      }
      return { what: 'POST /api/auth/register', send, wanted: 201 }
    })
    const found = await strikeOften(sandbox, postgres, gatehouse, betweenStatements, tokens[0])
    // Three strikes may take no longer than twenty sign-ups.
    await until('forty sign-ups', () => signingUp.ledger.acknowledged.size >= 40)
    const ledger = await signingUp.stop()
    const emails = (await postgres.ask<{ email: string }>('select email from users')).map(({ email }) => email)
    return [...rows, judge('pg_terminate_backend between statements', ledger, emails, found)]
  }
}
