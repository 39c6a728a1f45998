import { setTimeout as sleep } from 'node:timers/promises'
import { retireKey } from '../../src/auth/keys/rotation.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/logging/log.ts'
import { signingKeysRepository } from '../../src/repositories/signing-keys.ts'
import { type Figure, figure } from './figures.ts'
import { type Caller, connectTo, signUp } from './http.ts'
import { type BenchDatabase, type Service, serve } from './service.ts'
import { median, quantile } from './statistics.ts'

const longEnough = 20_000
const target = 50
const pollInterval = 1_000

const age = `update signing_keys set created_at = created_at - interval '11 minutes',
  signs_from = signs_from - interval '11 minutes' where retires_at is null`
const countListeners = `
  select count(*)::int as count from pg_stat_activity
  where application_name = 'gatehouse listener' and datname = current_database()`
const cutListeners = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'gatehouse listener' and datname = current_database()`

const announcers = ['announce_revocation', 'announce_signing_keys']

export interface Rounds {
  heard: number
  broken: number
  stops: number
}

async function until(what: string, condition: () => Promise<unknown>): Promise<void> {
  const begin = performance.now()
  while (!(await condition())) {
    if (performance.now() - begin > longEnough) throw new Error(`Waited ${longEnough} ms for ${what}`)
    await sleep(1)
  }
}

const headerOf = (token: string): { alg: string; kid: string } =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

/** What can happen to the announcements while a key is retired. */
interface Trouble {
  begin: () => Promise<unknown>
  end: () => Promise<unknown>
}
const none: Trouble = { begin: async () => {}, end: async () => {} }

/** The listening connections are cut every 25 ms. */
function cutting({ query }: BenchDatabase): Trouble {
  let isCutting = false
  let cutter: Promise<void> | undefined
  async function cut(): Promise<void> {
    for (; isCutting; await sleep(25)) await query(cutListeners)
  }
  return {
    async begin() {
      await query(cutListeners)
      isCutting = true
      cutter = cut()
    },
    async end() {
      isCutting = false
      await cutter
      await until('LISTEN', async () => (await query(countListeners)).rows[0].count === 2)
    }
  }
}

/** Nothing is announced, as if every announcement were lost. */
async function silencing({ query }: BenchDatabase): Promise<Trouble> {
  const bodies: string[] = []
  for (const name of announcers) {
    const { rows } = await query(`select pg_get_functiondef('${name}'::regproc) as body`)
    bodies.push(rows[0].body)
  }
  const silent = announcers.map(
    (name) => `create or replace function ${name}() returns trigger language plpgsql as 'begin return null; end'`
  )
  const run = async (statements: string[]) => {
    for (const statement of statements) await query(statement)
  }
  return { begin: () => run(silent), end: () => run(bodies) }
}

const told = (times: number[]) =>
  `p50 ${median(times).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)}, max ${Math.max(...times).toFixed(1)} ms`

/**
 * Measures how long after the commit of `npm run keys -- retire --now` the last of two processes refuses the tokens of the key.
 * What the command does runs in this process, so that its commit is known to the millisecond.
 */
export async function measureKeys(
  database: BenchDatabase,
  { heard, broken, stops }: Rounds,
  say: (progress: string) => void
): Promise<Figure[]> {
  const settings = {
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: 'a-long-value-that-only-the-benches-know',
    SIGNING_ALGORITHM: 'EdDSA',
    BCRYPT_COST: '10'
  }
  const services: Service[] = []
  const config = loadConfig(settings)
  const db = openDatabase(config, createLog('silent'))

  async function prepared(a: Caller, b: Caller, session: { refresh_token: string }) {
    await database.query(age)
    let token = ''
    await until('a token of the next key', async () => {
      const { status, text } = await a('POST', '/api/auth/refresh', { body: session })
      if (status !== 200) return false
      const issued: { access_token: string; refresh_token: string } = JSON.parse(text)
      session.refresh_token = issued.refresh_token
      token = issued.access_token
      const { alg, kid } = headerOf(token)
      return (
        alg === 'EdDSA' &&
        (await signingKeysRepository(db).list()).some((key) => key.kid === kid && key.state === 'current')
      )
    })
    for (const call of [a, b])
      await until('its token to be accepted', async () => (await call('GET', '/api/auth/me', { token })).status === 200)
    return { token, kid: headerOf(token).kid }
  }

  const retire = async (kid: string) => {
    if (!(await retireKey(db, kid, config, { atOnce: true }))) throw new Error(`There is no key ${kid}`)
    return performance.now()
  }

  /** Milliseconds from the commit until a process refuses the token; 0 if it did before the command knew of its commit. */
  async function refusedAt(call: Caller, token: string): Promise<number> {
    const begin = performance.now()
    for (;;) {
      const { status } = await call('GET', '/api/auth/me', { token })
      const now = performance.now()
      if (status === 401) return now
      if (status !== 200) throw new Error(`A process says ${status}`)
      if (now - begin > longEnough) throw new Error(`Not refused after ${longEnough} ms`)
      await sleep(0.5)
    }
  }

  try {
    for (const _ of [1, 2]) services.push(await serve(settings))
    const [a, b] = services.map(({ url }) => connectTo(url)) as [Caller, Caller]
    const session = { refresh_token: (await signUp(a)).refresh_token }

    async function retireOnce(trouble: Trouble, spread: number): Promise<number> {
      const { token, kid } = await prepared(a, b, session)
      await trouble.begin()
      await sleep(Math.random() * spread)
      const refusals = [a, b].map((call) => refusedAt(call, token))
      const committed = await retire(kid)
      const times = await Promise.all(refusals)
      await trouble.end()
      return Math.max(0, ...times.map((at) => at - committed))
    }

    async function repeat(count: number, trouble: Trouble, spread: number): Promise<number[]> {
      const times: number[] = []
      while (times.length < count) times.push(await retireOnce(trouble, spread))
      return times
    }

    /** Stops one process (SIGSTOP), retires the key, sends it a request and lets it go on. Returns the status of its first answer. */
    async function statusAfterStop(milliseconds: number): Promise<number> {
      const { token, kid } = await prepared(a, b, session)
      const { child } = services[1] as Service
      child.kill('SIGSTOP')
      try {
        await sleep(milliseconds / 2)
        await retire(kid)
        const answer = b('GET', '/api/auth/me', { token })
        await sleep(milliseconds / 2)
        child.kill('SIGCONT')
        return (await answer).status
      } finally {
        child.kill('SIGCONT')
      }
    }

    async function stopped(milliseconds: number) {
      const statuses: number[] = []
      while (statuses.length < stops) statuses.push(await statusAfterStop(milliseconds))
      const count = (status: number) => statuses.filter((one) => one === status).length
      const [refused, late] = [count(401), count(503)]
      return { measured: `${refused} by 401, ${late} by 503, of ${stops}`, met: refused + late === stops }
    }

    say(`${heard} keys retired at once, with LISTEN`)
    const alive = await repeat(heard, none, 50)
    say(`${broken} keys while the listening connections are cut every 25 ms`)
    const cut = await repeat(broken, cutting(database), pollInterval)
    say(`${broken} keys that nobody announces`)
    const silent = await repeat(broken, await silencing(database), pollInterval)
    say(`${2 * stops} stops of one process`)
    const [long, short] = [await stopped(1_500), await stopped(300)]
    const within = (times: number[], limit: number) => Math.max(...times) <= limit
    return [
      figure(
        'both processes refuse a key retired at once, counted from the commit',
        `p99 <= ${target} ms`,
        told(alive),
        quantile(alive, 0.99) <= target
      ),
      figure('the same, LISTEN cut off all the time', '<= 1 s', told(cut), within(cut, pollInterval)),
      figure('the same, LISTEN silent: the poll alone', '<= 1 s', told(silent), within(silent, pollInterval)),
      figure('first answer after SIGSTOP of 1.5 s refuses the key', 'all', long.measured, long.met),
      figure('first answer after SIGSTOP of 0.3 s refuses the key', 'all', short.measured, short.met)
    ]
  } finally {
    await Promise.all(services.map((service) => service.stop()))
    await db.destroy()
  }
}
