import { randomBytes } from 'node:crypto'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Caller, connectTo, logIn, password, signUp } from './helpers/http.ts'
import { onOwnDatabase, serve } from './helpers/service.ts'
import { auc, median, shuffled } from './helpers/statistics.ts'

export const needsPostgres = true

/** A class, of what takes long and of what does not: the more, the less chance has to say. */
const samples = Number(process.env.BENCH_SAMPLES ?? 1_000)
const quickSamples = 4 * samples
const bounds = [0.47, 0.53] as const
/** Microseconds that the deliberately leaky service adds for known accounts: of a login, which takes 50 ms, and a refresh. */
const leaks = { login: Number(process.env.BENCH_LEAK ?? 200), refresh: 50 }

interface Class {
  name: string
  status: number
  path: string
  body: () => object
  headers?: Record<string, string>
}

/** Milliseconds of each answer, by class: one request at a time on one connection, the classes interleaved at random. */
async function sample(call: Caller, classes: Class[], count: number): Promise<number[][]> {
  const times = classes.map((): number[] => [])
  const order = shuffled(classes.flatMap((_, i) => Array.from({ length: count }, () => i)))
  // The first ones pay for compiling.
  for (const i of [...order.slice(0, 50), ...order].entries()) {
    const { status, path, body, headers = {}, name } = classes[i[1]] as Class
    const answer = await call('POST', path, { body: body(), headers })
    if (answer.status !== status) throw new Error(`${name}: ${answer.status} ${answer.text}`)
    if (i[0] >= 50) times[i[1]]?.push(answer.ms)
  }
  return times
}

const login = '/api/auth/login'
const refresh = '/api/auth/refresh'
const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T
/** As long as those of the accounts that there are. */
const nobody = () => `${crypto.randomUUID()}@example.com`
const madeUp = () => ({ refresh_token: randomBytes(64).toString('base64url') })

function judge(what: string, first: number[] = [], second: number[] = [], leaky = false): Figure {
  const value = auc(first, second)
  const inside = value >= bounds[0] && value <= bounds[1]
  const told = `AUC ${value.toFixed(3)}; medians ${median(first).toFixed(2)} and ${median(second).toFixed(2)} ms`
  return figure(what, leaky ? 'outside 0.47 to 0.53' : '0.47 to 0.53', told, leaky ? !inside : inside)
}

/** Accounts, and refresh tokens of sessions that have ended: of accounts that are still there, and of some that are not. */
async function prepare(call: Caller) {
  const emails: string[] = []
  const ended: string[] = []
  const deleted: string[] = []
  while (emails.length < 10) {
    const known = await signUp(call)
    const { access_token: token, refresh_token } = await logIn(call, known)
    await call('POST', '/api/auth/logout', { token })
    ended.push(refresh_token)
    emails.push(known.email)
    const gone = await signUp(call)
    await call('POST', '/api/auth/profile/delete', { token: gone.access_token, body: { password } })
    deleted.push(gone.refresh_token)
  }
  return { emails, ended, deleted }
}

type Prepared = Awaited<ReturnType<typeof prepare>>

const logins = ({ emails }: Prepared, status: number) => {
  const attempt = (email: string) => ({ email, password: 'wrong-horse-8' })
  return {
    known: { name: 'known', status, path: login, body: () => attempt(pick(emails)) },
    unknown: { name: 'unknown', status, path: login, body: () => attempt(nobody()) }
  }
}

const refreshes = ({ ended, deleted }: Prepared) => {
  const among = (name: string, tokens: string[]) => ({
    name,
    status: 401,
    path: refresh,
    body: () => ({ refresh_token: pick(tokens) })
  })
  return {
    madeUp: { name: 'made up', status: 401, path: refresh, body: madeUp },
    ended: among('ended', ended),
    deleted: among('deleted', deleted)
  }
}

const as = (answer: 'yes' | 'no', kind: Class): Class => ({ ...kind, headers: { 'x-known': answer } })

async function timeReal(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  const prepared = await prepare(call)
  const { known, unknown } = logins(prepared, 401)
  say(`${samples} logins a class`)
  const [a, b, c] = await sample(call, [unknown, unknown, known], samples)
  const { madeUp, ended, deleted } = refreshes(prepared)
  say(`${quickSamples} refreshes a class`)
  const [d, e, f, g] = await sample(call, [madeUp, madeUp, ended, deleted], quickSamples)
  return [
    judge('login: unknown email, wrong password', a, c),
    judge('login, A/A: unknown email twice', a, b),
    judge('refresh: made up, of an ended session', d, f),
    judge('refresh: account deleted, account there', g, f),
    judge('refresh, A/A: made up twice', d, e)
  ]
}

/** Ten failures, and an account answers 429 without a hash: too fast to hide much. */
async function timeThrottled(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  const emails = [(await signUp(call)).email, (await signUp(call)).email]
  const strangers = [nobody(), nobody(), nobody(), nobody()]
  for (const email of [...emails, ...strangers])
    for (let status = 401; status === 401; )
      ({ status } = await call('POST', login, { body: { email, password: 'wrong-horse-8' } }))
  say(`${quickSamples} throttled logins a class`)
  const { known } = logins({ emails, ended: [], deleted: [] }, 429)
  const [a, b, c] = await sample(
    call,
    [
      { ...known, body: () => ({ email: pick(strangers.slice(0, 2)), password: 'wrong-horse-8' }) },
      { ...known, body: () => ({ email: pick(strangers.slice(2)), password: 'wrong-horse-8' }) },
      known
    ],
    quickSamples
  )
  return [judge('throttled: unknown email, known account', a, c), judge('throttled, A/A: unknown email twice', a, b)]
}

async function timeLeaky(call: Caller, kind: keyof typeof leaks, say: (progress: string) => void): Promise<Figure> {
  const { unknown } = logins({ emails: [], ended: [], deleted: [] }, 401)
  const same: Class = kind === 'login' ? unknown : { name: 'made up', status: 401, path: refresh, body: madeUp }
  const count = kind === 'login' ? samples : quickSamples
  say(`${count} of each ${kind} on a service that leaks ${leaks[kind]} µs`)
  const [a, b] = await sample(call, [as('no', same), as('yes', same)], count)
  return judge(`${kind}, leaky control: ${leaks[kind]} µs more for known accounts`, a, b, true)
}

/** Whether the time of an answer tells who has an account. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url: DATABASE_URL }) => {
    const settings = { DATABASE_URL, BCRYPT_COST: '10', RATE_LIMIT_AUTH: '1000000' }
    async function on<T>(more: Record<string, string>, file: string | undefined, work: (call: Caller) => Promise<T>) {
      const service = await serve({ ...settings, ...more }, file)
      return work(connectTo(service.url)).finally(service.stop)
    }
    const leaky = 'bench/helpers/leaky-server.ts'
    return [
      ...(await on({}, undefined, (call) => timeReal(call, say))),
      ...(await on({ RATE_LIMIT_ENABLED: 'true' }, undefined, (call) => timeThrottled(call, say))),
      await on({ LEAK: String(leaks.login) }, leaky, (call) => timeLeaky(call, 'login', say)),
      await on({ LEAK: String(leaks.refresh) }, leaky, (call) => timeLeaky(call, 'refresh', say))
    ]
  })
