import { setPriority } from 'node:os'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo } from './http.ts'

/** A request of bench/login-storm.ts to this process. */
export interface Storm {
  url: string
  emails: string[]
  password: string
  clients: number
  seconds: number
  /** Whether a client obeys Retry-After, or tries again at once. */
  patient: boolean
}

export interface StormAnswers {
  /** Milliseconds of each answer, by status. */
  times: Record<string, number[]>
  withoutRetryAfter: number
  failures: string[]
}

/** Keeps `clients` logins in flight for a number of seconds. */
async function storm({ url, emails, password, clients, seconds, patient }: Storm): Promise<StormAnswers> {
  const call = connectTo(url)
  const answers: StormAnswers = { times: {}, withoutRetryAfter: 0, failures: [] }
  const end = performance.now() + seconds * 1000
  let next = 0

  async function client(): Promise<void> {
    while (performance.now() < end) {
      const email = emails[next++ % emails.length]
      try {
        const { status, headers, ms } = await call('POST', '/api/auth/login', { body: { email, password } })
        answers.times[status] ??= []
        answers.times[status].push(ms)
        const wait = Number(headers['retry-after'])
        if (status === 503 && !(wait > 0)) answers.withoutRetryAfter += 1
        if (patient && wait > 0) await sleep(Math.min(wait * 1000, Math.max(1, end - performance.now())))
      } catch (error) {
        answers.failures.push((error as Error).message)
        await sleep(100)
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return answers
}

if (import.meta.main) {
  // It represents 500 other machines, so the service has precedence.
  setPriority(10)
  process.stdout.write(JSON.stringify(await storm(JSON.parse(await text(process.stdin)) as Storm)), () =>
    process.exit()
  )
}
