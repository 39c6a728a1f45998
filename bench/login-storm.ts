import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Caller, connectTo, password, signUp } from './helpers/http.ts'
import { onOwnDatabase, serve, start } from './helpers/service.ts'
import { quantile } from './helpers/statistics.ts'
import type { Storm, StormAnswers } from './helpers/storm.ts'

export const needsPostgres = true

const clients = 500
const seconds = Number(process.env.BENCH_SECONDS ?? 30)
const accounts = 50
const readers = ['/api/auth/me', '/api/tasks']
/** Milliseconds between two reads of each reader. */
const pace = 20

/** The storm comes from a separate process with low priority. */
async function runStorm(storm: Storm): Promise<StormAnswers> {
  const child = start('bench/helpers/storm.ts', {})
  child.stdin.end(JSON.stringify(storm))
  const [answers] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return JSON.parse(answers) as StormAnswers
}

/** Reads at a fixed rate, regardless of response times, until stopped. */
function keepReading(call: Caller, token: string) {
  const times = new Map<string, number[]>(readers.map((path) => [path, []]))
  const wrong: string[] = []
  const reading = new Set<Promise<void>>()
  const read = async (path: string) => {
    const { status, ms } = await call('GET', path, { token })
    times.get(path)?.push(ms)
    if (status !== 200) wrong.push(`${path} ${status}`)
  }
  const timer = setInterval(() => {
    for (const path of readers) {
      const one = read(path)
        .catch((error) => void wrong.push(error.message))
        .finally(() => reading.delete(one))
      reading.add(one)
    }
  }, pace)
  return async () => {
    clearInterval(timer)
    await Promise.all(reading)
    return { times, wrong }
  }
}

const told = (times: number[]) =>
  `p50 ${quantile(times, 0.5).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)}, max ${Math.max(...times).toFixed(0)} ms (${times.length})`

function judge(
  name: string,
  { times, wrong }: { times: Map<string, number[]>; wrong: string[] },
  answers: StormAnswers
) {
  const figures: Figure[] = [...times].map(([path, ms]) =>
    figure(`${name}: GET ${path}`, 'p99 < 100 ms', told(ms), quantile(ms, 0.99) < 100 && wrong.length === 0)
  )
  const all = Object.values(answers.times).flat()
  const longest = all.reduce((a, b) => Math.max(a, b), 0)
  const { 200: good = [], 503: busy = [] } = answers.times
  const others = all.length - good.length - busy.length + answers.failures.length
  const counts = `max ${longest.toFixed(0)} ms: ${good.length} times 200, ${busy.length} times 503, ${others} others`
  const well = longest <= 3_000 && others === 0 && answers.withoutRetryAfter === 0 && good.length > 0
  figures.push(figure(`${name}: logins answered, 503 with Retry-After`, '<= 3 s', counts, well))
  if (wrong.length > 0) figures.push(figure(`${name}: reads that failed`, '0', [...new Set(wrong)].join(', '), false))
  return figures
}

/** 500 concurrent logins for half a minute, while others read. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url: DATABASE_URL }) => {
    const service = await serve({ DATABASE_URL, BCRYPT_COST: '12' })
    try {
      const call = connectTo(service.url)
      say(`signing up ${accounts} accounts at cost 12`)
      const emails: string[] = []
      while (emails.length < accounts) emails.push((await signUp(call)).email)
      const { access_token: token } = await signUp(call)
      for (let i = 0; i < 20; i += 1) await call('POST', '/api/tasks', { token, body: { title: `Task ${i}` } })

      const calm = keepReading(call, token)
      await sleep(3_000)
      const figures = [...(await calm()).times].map(([path, ms]) => figure(`before: GET ${path}`, '', told(ms)))
      for (const patient of [false, true]) {
        const name = patient ? 'clients that heed Retry-After' : 'clients that try again at once'
        say(`${clients} ${name}, ${seconds} s, from a process with low priority (nice 10) on the same cores`)
        const stop = keepReading(call, token)
        const answers = await runStorm({ url: service.url, emails, password, clients, seconds, patient })
        figures.push(...judge(name, await stop(), answers))
        await sleep(3_000)
      }
      return figures
    } finally {
      await service.stop()
    }
  })
