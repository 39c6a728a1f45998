import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Caller, connectTo, logIn, signUp } from './helpers/http.ts'
import { measureKeys } from './helpers/key-propagation.ts'
import { type BenchDatabase, onOwnDatabase, type Service, serve } from './helpers/service.ts'
import { median, quantile } from './helpers/statistics.ts'

export const needsPostgres = true

const rounds = Number(process.env.BENCH_ROUNDS ?? 300)
const brokenRounds = Math.ceil(rounds / 5)
const stops = Math.ceil(rounds / 15)
const keyRounds = { heard: Math.ceil(rounds / 3), broken: Math.ceil(rounds / 15), stops: Math.ceil(rounds / 30) }
const pollInterval = 1_000
const longEnough = 10_000

const stopListening = `
  create or replace function announce_revocation() returns trigger language plpgsql as 'begin return null; end'`
const cutListeners = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'gatehouse listener' and datname = current_database()`

interface Pair {
  a: Caller
  b: Caller
  other: Service
  database: BenchDatabase
  somebody: { email: string }
}

const told = (times: number[]) =>
  `p50 ${median(times).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)}, max ${Math.max(...times).toFixed(1)} ms`

/**
 * Logs out on one process and polls the other one until it refuses. Returns two durations, from the start of the logout
 * and from its answer, both until the refusal. Waits up to `spread` milliseconds first, to hit any moment of the poll
 * interval.
 */
async function logOutOnce({ a, b, somebody }: Pair, spread: number): Promise<{ fromCall: number; fromAnswer: number }> {
  const { access_token: token } = await logIn(a, somebody)
  const first = await b('GET', '/api/auth/me', { token })
  if (first.status !== 200) throw new Error(`The other process says ${first.status} to a live token`)
  await sleep(Math.random() * spread)
  const called = performance.now()
  let answered = Number.POSITIVE_INFINITY
  const out = a('POST', '/api/auth/logout', { token }).then(({ status }) => {
    answered = performance.now()
    if (status !== 200) throw new Error(`Logging out: ${status}`)
  })
  let refused: number | undefined
  while (refused === undefined) {
    const { status } = await b('GET', '/api/auth/me', { token })
    const now = performance.now()
    if (status === 401) refused = now
    else if (status !== 200) throw new Error(`The other process says ${status}`)
    if (now - called > longEnough) throw new Error(`Not refused after ${longEnough} ms`)
    await sleep(0.5)
  }
  await out
  return { fromCall: refused - called, fromAnswer: Math.max(0, refused - answered) }
}

/**
 * Stops the other process (SIGSTOP), logs out, sends a request to it, and continues it. Returns the status of its first
 * answer.
 */
async function statusAfterStop({ a, b, other, somebody }: Pair, milliseconds: number): Promise<number> {
  const { access_token: token } = await logIn(a, somebody)
  await b('GET', '/api/auth/me', { token })
  other.child.kill('SIGSTOP')
  try {
    await sleep(milliseconds / 2)
    await a('POST', '/api/auth/logout', { token })
    const answer = b('GET', '/api/auth/me', { token })
    await sleep(milliseconds / 2)
    other.child.kill('SIGCONT')
    return (await answer).status
  } finally {
    other.child.kill('SIGCONT')
  }
}

async function repeat<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  while (results.length < count) results.push(await work())
  return results
}

/** Measures how long after a logout on one process another process on the same PostgreSQL refuses the token. */
async function measure(pair: Pair, say: (progress: string) => void) {
  const { database } = pair
  const stopped = async (milliseconds: number) => {
    const statuses = await repeat(stops, () => statusAfterStop(pair, milliseconds))
    const count = (status: number) => statuses.filter((one) => one === status).length
    // 503: after so long a stop, the pressure check answers before the token is verified.
    const [revoked, late] = [count(401), count(503)]
    return { measured: `${revoked} by 401, ${late} by 503, of ${stops}`, met: revoked + late === stops }
  }

  say(`${rounds} logouts with LISTEN`)
  const heard = await repeat(rounds, () => logOutOnce(pair, 50))
  const [fromCall, fromAnswer] = [heard.map(({ fromCall }) => fromCall), heard.map(({ fromAnswer }) => fromAnswer)]
  say(`${2 * stops} stops of the other process`)
  const afterLong = await stopped(1_500)
  const afterShort = await stopped(300)

  say(`${brokenRounds} logouts while the listening connections are cut every 25 ms`)
  let cutting = true
  const cutter = (async () => {
    for (; cutting; await sleep(25)) await database.query(cutListeners)
  })()
  const cut = await repeat(brokenRounds, () => logOutOnce(pair, pollInterval)).finally(() => {
    cutting = false
  })
  await cutter

  say(`${brokenRounds} logouts that nobody announces`)
  await database.query(stopListening)
  const unheard = await repeat(brokenRounds, () => logOutOnce(pair, pollInterval))
  say(`${stops} stops of the other process, unannounced`)
  const afterSilence = await stopped(1_500)
  const polled = (rounds: { fromAnswer: number }[]) => rounds.map(({ fromAnswer }) => fromAnswer)
  const within = (rounds: { fromAnswer: number }[]) => Math.max(...polled(rounds)) <= pollInterval

  return [
    figure(
      'the other process refuses, counted from the call that logs out',
      'p99 <= 50 ms',
      told(fromCall),
      quantile(fromCall, 0.99) <= 50
    ),
    figure('the same, counted from its answer', '', told(fromAnswer)),
    figure('LISTEN cut off all the time', '<= 1 s', told(polled(cut)), within(cut)),
    figure('LISTEN silent: the poll alone', '<= 1 s', told(polled(unheard)), within(unheard)),
    figure('first answer after SIGSTOP of 1.5 s refuses', 'all', afterLong.measured, afterLong.met),
    figure('first answer after SIGSTOP of 0.3 s refuses', 'all', afterShort.measured, afterShort.met),
    figure('first answer after SIGSTOP of 1.5 s refuses, LISTEN silent', 'all', afterSilence.measured, afterSilence.met)
  ]
}

async function measureLogouts(database: BenchDatabase, say: (progress: string) => void): Promise<Figure[]> {
  const settings = { DATABASE_URL: database.url, BCRYPT_COST: '10' }
  const one = await serve(settings)
  const other = await serve(settings)
  try {
    const a = connectTo(one.url)
    const somebody = await signUp(a)
    return await measure({ a, b: connectTo(other.url), other, database, somebody }, say)
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
}

export const parts = ['logouts', 'keys']

export const bench: Bench = async (say, wanted = parts) => {
  const figures: Figure[] = []
  const server = process.env.DATABASE_URL ?? ''
  if (wanted.includes('logouts'))
    figures.push(...(await onOwnDatabase(server, (database) => measureLogouts(database, say))))
  if (wanted.includes('keys'))
    figures.push(...(await onOwnDatabase(server, (database) => measureKeys(database, keyRounds, say))))
  return figures
}
