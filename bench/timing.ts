import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Caller, connectTo, logIn, password, signUp } from './helpers/http.ts'
import { hash, makeKinds, wrong } from './helpers/login-kinds.ts'
import { addPeople, startMailServer, whenEmpty } from './helpers/outbox.ts'
import { type BenchDatabase, onOwnDatabase, serve } from './helpers/service.ts'
import { auc, median, shuffled } from './helpers/statistics.ts'

export const needsPostgres = true
export const parts = [
  ...['codes', 'afterwards', 'forgot', 'sign-ups', 'verify', 'changes', 'confirm'],
  ...['logins', 'refreshes', 'rehash', 'throttled', 'leaks', 'kinds']
]

/** Samples per class. More samples reduce the influence of chance. */
const samples = Number(process.env.BENCH_SAMPLES ?? 1_000)
const quickSamples = 4 * samples
/** Measures only the kinds of accounts whose names contain this, which leaves time for more samples. */
const kindNamed = process.env.BENCH_KIND ?? ''
const bounds = [0.47, 0.53] as const
/** Microseconds of the deliberate leak: for a login, whose hash takes 50 to 80 ms, and for a refresh. */
const leaks = { login: Number(process.env.BENCH_LEAK ?? 1_000), refresh: 50 }

interface Class {
  name: string
  status: number
  path: string
  body: () => object
  headers?: Record<string, string>
}

/** Repeats a request after 503: on a busy machine the service protects itself, which says nothing about accounts. */
async function patiently(ask: () => ReturnType<Caller>): ReturnType<Caller> {
  for (let tried = 0; ; tried += 1) {
    const answer = await ask()
    if (answer.status !== 503 || tried === 20) return answer
    await sleep(500)
  }
}

/**
 * Response times in milliseconds, by class. Requests go one at a time over one connection, the classes interleaved at
 * random.
 */
async function sample(call: Caller, classes: Class[], count: number): Promise<number[][]> {
  const times = classes.map((): number[] => [])
  const order = shuffled(classes.flatMap((_, i) => Array.from({ length: count }, () => i)))
  // Warm-up.
  for (const i of [...order.slice(0, 50), ...order].entries()) {
    const { status, path, body, headers = {}, name } = classes[i[1]] as Class
    const answer = await patiently(() => call('POST', path, { body: body(), headers }))
    if (answer.status !== status) throw new Error(`${name}: ${answer.status} ${answer.text}`)
    if (i[0] >= 50) times[i[1]]?.push(answer.ms)
  }
  return times
}

const login = '/api/auth/login'
const refresh = '/api/auth/refresh'
const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T
/** As long as the emails of existing accounts. */
const nobody = () => `${crypto.randomUUID()}@example.com`
const madeUp = () => ({ refresh_token: randomBytes(64).toString('base64url') })

function judge(what: string, first: number[] = [], second: number[] = [], leaky = false): Figure {
  const value = auc(first, second)
  const inside = value >= bounds[0] && value <= bounds[1]
  const told = `AUC ${value.toFixed(3)}; medians ${median(first).toFixed(2)} and ${median(second).toFixed(2)} ms`
  return figure(what, leaky ? 'outside 0.47 to 0.53' : '0.47 to 0.53', told, leaky ? !inside : inside)
}

/** Accounts, and refresh tokens of ended sessions: of existing accounts and of deleted ones. */
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
  const attempt = (email: string) => ({ email, password: wrong })
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

async function timeLogins(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  const { known, unknown } = logins(await prepare(call), 401)
  say(`${samples} logins a class`)
  const [a, b, c] = await sample(call, [unknown, unknown, known], samples)
  return [judge('login: unknown email, wrong password', a, c), judge('login, A/A: unknown email twice', a, b)]
}

async function timeRefreshes(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  const { madeUp, ended, deleted } = refreshes(await prepare(call))
  say(`${quickSamples} refreshes a class`)
  const [d, e, f, g] = await sample(call, [madeUp, madeUp, ended, deleted], quickSamples)
  return [
    judge('refresh: made up, of an ended session', d, f),
    judge('refresh: account deleted, account there', g, f),
    judge('refresh, A/A: made up twice', d, e)
  ]
}

/** Logins of each kind of account, with the same wrong password unless another one is given. */
async function timeKinds(call: Caller, databaseUrl: string, say: (progress: string) => void): Promise<Figure[]> {
  const kinds = (await makeKinds(call, databaseUrl)).filter(({ name }) => name.includes(kindNamed))
  const classes = [
    { name: 'unknown', status: 401, path: login, body: () => ({ email: nobody(), password: wrong }) },
    { name: 'unknown', status: 401, path: login, body: () => ({ email: nobody(), password: wrong }) },
    ...kinds.map(({ name, email, given }) => ({
      name,
      status: 401,
      path: login,
      body: () => ({ email, password: given })
    }))
  ]
  say(`${samples} logins of each of ${kinds.length} kinds of accounts`)
  const [unknown, again, ...others] = await sample(call, classes, samples)
  return [
    judge('login of kinds, A/A: unknown email twice', unknown, again),
    ...kinds.map(({ name }, i) => judge(`login: unknown email, ${name}`, unknown, others[i]))
  ]
}

/** Successful logins: with a current hash, and with one that is upgraded afterwards. */
async function timeRehash(call: Caller, databaseUrl: string, say: (progress: string) => void): Promise<Figure[]> {
  const { email } = await signUp(call)
  const hashes = { today: await hash(password, 10), old: await hash(password, 8) }
  const count = Math.ceil(samples / 4)
  const times: Record<keyof typeof hashes, number[]> = { today: [], old: [] }
  const db = new pg.Client(databaseUrl)
  await db.connect()
  say(`${count} logins that succeed, with a hash of today and with an old one`)
  const order = shuffled(Array.from({ length: 2 * count }, (_, i): keyof typeof hashes => (i % 2 ? 'old' : 'today')))
  for (const kind of order) {
    await db.query('update users set password_hash = $1 where email = $2', [hashes[kind], email])
    const { status, ms } = await call('POST', login, { body: { email, password } })
    if (status !== 200) throw new Error(`${kind}: ${status}`)
    times[kind].push(ms)
    // Waits until the old hash has been replaced.
    for (let kept = kind === 'old' ? 1 : 0; kept; )
      kept =
        (await db.query('select 1 from users where email = $1 and password_hash = $2', [email, hashes.old])).rowCount ??
        0
  }
  await db.end()
  return [judge('login that succeeds: current hash, old hash that is replaced afterwards', times.today, times.old)]
}

/**
 * Failures from other networks until the account answers 429: measured at the network that its owner logs in from, and
 * at another one.
 */
async function timeThrottled(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  const home = { 'x-forwarded-for': '192.0.2.1' }
  const at = (address: string) => ({ 'x-forwarded-for': address })
  const emails = [(await signUp(call)).email, (await signUp(call)).email]
  const strangers = [nobody(), nobody(), nobody(), nobody()]
  for (const email of emails) await call('POST', login, { body: { email, password }, headers: home })
  for (const email of [...emails, ...strangers])
    for (let i = 0; i < 20; i += 1)
      await call('POST', login, { body: { email, password: wrong }, headers: at(`198.51.100.${i % 4}`) })
  say(`${samples} throttled logins a class`)
  const attempt = (among: readonly string[], headers: Record<string, string>) => ({
    ...{ name: 'throttled', status: 429, path: login, headers },
    body: () => ({ email: pick(among), password: wrong })
  })
  const [a, b, c, d] = await sample(
    call,
    [
      attempt(strangers.slice(0, 2), home),
      attempt(strangers.slice(2), home),
      attempt(emails, home),
      attempt(emails, at('203.0.113.1'))
    ],
    samples
  )
  return [
    judge('throttled: unknown email, account whose owner logs in from there', a, c),
    judge('throttled: unknown email, account whose owner is elsewhere', a, d),
    judge('throttled, A/A: unknown email twice', a, b)
  ]
}

const person = (i: number) => `person-${i}@example.com`
/** As long as those of people. */
const stranger = (i: number) => `nobody-${i}@example.com`
/** Of the mails to one person within an hour, fewer than are sent. */
const mailsPerPerson = 4
const people = Math.ceil(samples / mailsPerPerson)

/** A class whose addresses are used in turn. */
function inTurn(name: string, path: string, status: number, address: (i: number) => string, more = {}): Class {
  let turn = 0
  return { name, status, path, body: () => ({ email: address(1 + (turn++ % people)), ...more }) }
}

const forgot = '/api/auth/password/forgot'
const asking = (address: (i: number) => string) => inTurn('forgot', forgot, 202, address)

/** Requests for a mail, while the mail server takes 3 s for each. */
async function timeForgot(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  say(`${samples} requests for a mail a class, with a slow mail server`)
  const [a, b, c] = await sample(call, [asking(stranger), asking((i) => stranger(people + i)), asking(person)], samples)
  return [
    judge('forgot, mail server slow by 3 s: unknown email, known email', a, c),
    judge('forgot, A/A: unknown emails twice', a, b)
  ]
}

/** Wrong codes, for addresses that a mail was sent to and for others. */
async function timeCodes(call: Caller, database: BenchDatabase, say: (progress: string) => void): Promise<Figure[]> {
  for (const address of [person, stranger])
    for (let i = 1; i <= people; i += 1) await call('POST', forgot, { body: { email: address(i) } })
  await whenEmpty(database)
  say(`${samples} wrong codes a class`)
  const guess = (address: (i: number) => string) =>
    inTurn('reset', '/api/auth/password/reset', 401, address, { code: '0000 0000', new_password: wrong })
  const unasked = (address: (i: number) => string) => (i: number) => address(people + i)
  const classes = [stranger, person, unasked(stranger), unasked(person)].map(guess)
  const [a, b, c, d] = await sample(call, classes, samples)
  return [
    judge('reset with a wrong code: unknown email, known email', a, b),
    judge('reset with a wrong code, no mail before: unknown email, known email', c, d)
  ]
}

const register = '/api/auth/register'
const signingUp = (address: (i: number) => string) =>
  inTurn('sign-up', register, 202, address, { name: 'Somebody', password })

/** Private sign-ups, while the mail server takes 3 s for each mail. */
async function timeSignUps(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  say(`${samples} private sign-ups a class, with a slow mail server`)
  const classes = [stranger, (i: number) => stranger(people + i), person].map(signingUp)
  const [a, b, c] = await sample(call, classes, samples)
  return [
    judge('private sign-up, mail server slow by 3 s: free email, taken email', a, c),
    judge('private sign-up, A/A: free emails twice', a, b)
  ]
}

/** Wrong codes to confirm an address, of which a private sign-up was asked for, and of others. */
async function timeVerify(call: Caller, database: BenchDatabase, say: (progress: string) => void): Promise<Figure[]> {
  for (const address of [person, stranger]) {
    const attempt = signingUp(address)
    for (let i = 1; i <= people; i += 1) await patiently(() => call('POST', register, { body: attempt.body() }))
  }
  await whenEmpty(database)
  say(`${samples} wrong codes to confirm an address a class`)
  const guess = (address: (i: number) => string) =>
    inTurn('verify', '/api/auth/email/verify', 401, address, { code: '0000 0000' })
  const unasked = (address: (i: number) => string) => (i: number) => address(people + i)
  const [a, b, c, d] = await sample(call, [stranger, person, unasked(stranger), unasked(person)].map(guess), samples)
  return [
    judge('verify with a wrong code after a private sign-up: free email, taken email', a, b),
    judge('verify with a wrong code, no mail before: unknown email, known email', c, d)
  ]
}

const change = '/api/auth/email/change'
/** The class as sent by a user of its own. */
const signedIn = async (call: Caller, kind: Class): Promise<Class> => ({
  ...kind,
  headers: { authorization: `Bearer ${(await signUp(call)).access_token}` }
})

/** Changes of an address to free and to taken ones, while the mail server takes 3 s for each mail. */
async function timeChanges(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  say(`${samples} changes of address a class, with a slow mail server`)
  const classes: Class[] = []
  for (const address of [stranger, (i: number) => stranger(people + i), person])
    classes.push(await signedIn(call, inTurn('change', change, 202, address)))
  const [a, b, c] = await sample(call, classes, samples)
  return [
    judge('change of address, mail server slow by 3 s: free email, taken email', a, c),
    judge('change of address, A/A: free emails twice', a, b)
  ]
}

/** Wrong codes for a new address that is free, and for a taken one. */
async function timeConfirm(call: Caller, database: BenchDatabase, say: (progress: string) => void): Promise<Figure[]> {
  const classes: Class[] = []
  for (const email of [stranger(1), person(1)]) {
    const kind = { name: 'confirm', status: 401, path: '/api/auth/email/confirm', body: () => ({ code: '0000 0000' }) }
    const asked = await signedIn(call, kind)
    await call('POST', change, { body: { email }, headers: asked.headers ?? {} })
    classes.push(asked)
  }
  await whenEmpty(database)
  say(`${samples} wrong codes for a new address a class`)
  const [a, b] = await sample(call, classes, samples)
  return [judge('confirm with a wrong code: free email, taken email', a, b)]
}

/**
 * The requests after one for a mail, while the sender works: for a known address it also writes and sends a letter.
 */
async function timeAfterwards(call: Caller, say: (progress: string) => void): Promise<Figure[]> {
  say(`${samples} times ten requests after one for a mail`)
  const classes = [asking(stranger), asking(person)]
  const times = classes.map((): number[] => [])
  for (const i of shuffled(classes.flatMap((_, i) => Array.from({ length: samples }, () => i)))) {
    await call('POST', forgot, { body: (classes[i] as Class).body() })
    const begin = performance.now()
    for (let asked = 0; asked < 10; asked += 1) await call('GET', '/health/live')
    times[i]?.push(performance.now() - begin)
    await sleep(20)
  }
  return [judge('ten requests after forgot: unknown email, known email', ...times)]
}

async function timeLeaky(call: Caller, kind: keyof typeof leaks, say: (progress: string) => void): Promise<Figure[]> {
  const { unknown } = logins({ emails: [], ended: [], deleted: [] }, 401)
  const same: Class = kind === 'login' ? unknown : { name: 'made up', status: 401, path: refresh, body: madeUp }
  const count = kind === 'login' ? samples : quickSamples
  say(`${count} of each ${kind} on a service that leaks ${leaks[kind]} µs`)
  const [a, b] = await sample(call, [as('no', same), as('yes', same)], count)
  return [judge(`${kind}, leaky control: ${leaks[kind]} µs more for known accounts`, a, b, true)]
}

/** Tests whether response times reveal which accounts exist. Each part has a database and a service of its own. */
export const bench: Bench = (say, wanted = parts) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async (database) => {
    const settings = { DATABASE_URL: database.url, BCRYPT_COST: '10', RATE_LIMIT_AUTH: '1000000' }
    async function on(
      more: Record<string, string>,
      file: string | undefined,
      work: (call: Caller) => Promise<Figure[]>
    ) {
      const service = await serve({ ...settings, ...more }, file)
      return work(connectTo(service.url)).finally(service.stop)
    }
    /** With a mail server that takes `delay` ms for each mail. */
    async function withMail(delay: number, work: (call: Caller) => Promise<Figure[]>, more = {}) {
      const mailServer = await startMailServer(delay)
      return on({ ...mailServer.settings, ...more }, undefined, async (call) => {
        await addPeople(database, 2 * people)
        return work(call)
      }).finally(mailServer.stop)
    }
    const throttled = { RATE_LIMIT_ENABLED: 'true', TRUST_PROXY: '127.0.0.1/32' }
    const leak = (kind: keyof typeof leaks) =>
      on({ LEAK: String(leaks[kind]) }, 'bench/helpers/leaky-server.ts', (call) => timeLeaky(call, kind, say))
    const runs: Record<string, () => Promise<Figure[]>> = {
      codes: () => withMail(0, (call) => timeCodes(call, database, say)),
      afterwards: () => withMail(0, (call) => timeAfterwards(call, say)),
      forgot: () => withMail(3_000, (call) => timeForgot(call, say)),
      'sign-ups': () => withMail(3_000, (call) => timeSignUps(call, say), { PRIVATE_SIGN_UP: 'true' }),
      verify: () => withMail(0, (call) => timeVerify(call, database, say), { PRIVATE_SIGN_UP: 'true' }),
      changes: () => withMail(3_000, (call) => timeChanges(call, say)),
      confirm: () => withMail(0, (call) => timeConfirm(call, database, say)),
      logins: () => on({}, undefined, (call) => timeLogins(call, say)),
      refreshes: () => on({}, undefined, (call) => timeRefreshes(call, say)),
      rehash: () => on({}, undefined, (call) => timeRehash(call, database.url, say)),
      throttled: () => on(throttled, undefined, (call) => timeThrottled(call, say)),
      leaks: async () => [...(await leak('login')), ...(await leak('refresh'))],
      kinds: () => on({}, undefined, (call) => timeKinds(call, database.url, say))
    }
    const figures: Figure[] = []
    for (const part of wanted) figures.push(...((await runs[part]?.()) ?? []))
    return figures
  })
