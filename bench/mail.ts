import { setTimeout as sleep } from 'node:timers/promises'
import { type Latency, latencyOf } from './helpers/clients.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Caller, connectTo, signUp } from './helpers/http.ts'
import { startGatehouse } from './helpers/measured.ts'
import { addMails, addPeople, type Kind, removeMails, startMailServer, whenSent } from './helpers/outbox.ts'
import { type BenchDatabase, onOwnDatabase } from './helpers/service.ts'
import { extremes, median } from './helpers/statistics.ts'

export const needsPostgres = true
export const parts = ['rate', 'requests']

/** Mails of one measurement of the rate. */
const count = Number(process.env.MAIL_COUNT ?? 5_000)
const waiting = Number(process.env.MAIL_WAITING ?? 100_000)
const rounds = Number(process.env.MAIL_ROUNDS ?? 5)
const seconds = Number(process.env.MAIL_SECONDS ?? 20)
/** Requests per second, whatever the response times. */
const pace = 200

/** The service with a mail server, on a database with people. */
async function on<T>(
  database: BenchDatabase,
  work: (call: Caller, server: { cpu: () => Promise<number> }) => Promise<T>
) {
  const mailServer = await startMailServer()
  const server = await startGatehouse(database.url, { ...mailServer.settings, RATE_LIMIT_ENABLED: 'false' })
  try {
    return await work(connectTo(server.url), { cpu: async () => (await server.usage()).cpu })
  } finally {
    await server.stop()
    mailServer.stop()
  }
}

/** Makes the service look for mails at once: it wakes its sender after a request for mail. */
async function wake(call: Caller): Promise<void> {
  const { status, text } = await call('POST', '/api/auth/password/forgot', { body: { email: 'nobody@example.com' } })
  if (status !== 202) throw new Error(`forgot: ${status} ${text}`)
}

async function rateOf(kind: Kind, say: (progress: string) => void): Promise<Figure> {
  const rates: number[] = []
  const costs: number[] = []
  await onOwnDatabase(process.env.DATABASE_URL ?? '', (database) =>
    on(database, async (call, { cpu }) => {
      await addPeople(database, count)
      for (let round = 0; round <= rounds; round += 1) {
        await removeMails(database)
        await addMails(database, kind, count)
        const before = await cpu()
        await wake(call)
        const rate = await whenSent(database)
        const cost = ((await cpu()) - before) / count
        say(`${kind}: ${rate.toFixed(0)} mails a second, ${cost.toFixed(0)} µs of CPU each`)
        if (round === 0) continue // warm-up
        rates.push(rate)
        costs.push(cost)
      }
    })
  )
  const [least, most] = extremes(rates)
  return figure(
    `${count} mails to a local server, by one process: ${kind}`,
    '>= 200 a second',
    `${median(rates).toFixed(0)} a second (${least?.toFixed(0)} to ${most?.toFixed(0)}); CPU ${median(costs).toFixed(0)} µs each`,
    median(rates) >= 200
  )
}

/** Sends requests at a steady pace, in turn. */
async function measure(call: Caller, token: string): Promise<Latency> {
  const operations = [
    () => call('GET', '/api/auth/me', { token }),
    () => call('GET', '/api/tasks', { token }),
    () => call('GET', '/api/auth/profile', { token }),
    () => call('POST', '/api/tasks', { token, body: { title: 'Water the plants' } })
  ]
  const times: number[] = []
  const open: Promise<void>[] = []
  let failed = 0
  const begin = performance.now()
  for (let sent = 0; sent < seconds * pace; sent += 1) {
    const wait = begin + (sent * 1000) / pace - performance.now()
    if (wait > 0) await sleep(wait)
    const one = operations[sent % operations.length]?.() as ReturnType<Caller>
    open.push(
      one.then(({ ms, status }) => {
        times.push(ms)
        if (status > 299) failed += 1
      })
    )
  }
  await Promise.all(open)
  return latencyOf(times, failed)
}

type State = 'empty' | 'waiting' | 'sending'

/** What the outbox contains while requests are measured. `sending`: the process also sends. */
async function prepare(database: BenchDatabase, call: Caller, state: State): Promise<void> {
  await removeMails(database)
  if (state === 'waiting') await addMails(database, 'password.changed', waiting, `now() + interval '1 hour'`)
  if (state === 'sending') await addMails(database, 'password.changed', waiting)
  await wake(call)
  await sleep(1_000)
}

async function besideMails(say: (progress: string) => void): Promise<Figure[]> {
  const found: Record<State, Latency[]> = { empty: [], waiting: [], sending: [] }
  const states = Object.keys(found) as State[]
  await onOwnDatabase(process.env.DATABASE_URL ?? '', (database) =>
    on(database, async (call) => {
      const { access_token: token } = await signUp(call)
      await measure(call, token)
      for (let round = 1; round <= rounds; round += 1)
        for (const state of states) {
          await prepare(database, call, state)
          const latency = await measure(call, token)
          found[state].push(latency)
          const { rows } = await database.query('select 1 from mails where done_at is null limit 1')
          if (state === 'sending' && rows.length === 0)
            throw new Error('all mails were sent before the end: raise MAIL_WAITING')
          say(`round ${round} of ${rounds}, ${state}: p50 ${latency.p50.toFixed(2)}, p99 ${latency.p99.toFixed(2)} ms`)
        }
    })
  )
  const p99 = (state: State) => median(found[state].map(({ p99 }) => p99))
  const p50 = (state: State) => median(found[state].map(({ p50 }) => p50))
  const failed = (state: State) => found[state].reduce((sum, { failed }) => sum + failed, 0)
  const [none, ...others] = states as [State, State, State]
  const names = { empty: '', waiting: 'wait for their time', sending: 'are being sent by the same process' }
  return others.map((state) => {
    const ratios = found[state].map(({ p99 }, i) => p99 / (found[none][i]?.p99 ?? Number.NaN))
    const [least, most] = extremes(ratios)
    return {
      ...figure(
        `${pace} other requests a second while ${waiting.toLocaleString('en')} mails ${names[state]}`,
        'p99 <= 1.1 x',
        `p50 ${p50(state).toFixed(2)}, p99 ${p99(state).toFixed(2)} ms, ${failed(state)} failed`,
        median(ratios) <= 1.1 && failed(state) === 0
      ),
      yardstick: `p50 ${p50(none).toFixed(2)}, p99 ${p99(none).toFixed(2)} ms without mails`,
      ratio: `${median(ratios).toFixed(2)} x`,
      spread: `${least?.toFixed(2)} to ${most?.toFixed(2)}`
    }
  })
}

/** Mails per second of one process, and what waiting mails cost other requests. */
export const bench: Bench = async (say, wanted = parts) => [
  ...(wanted.includes('rate') ? [await rateOf('password.changed', say), await rateOf('reset', say)] : []),
  ...(wanted.includes('requests') ? await besideMails(say) : [])
]
