import pg from 'pg'
import { type Test, test } from 'tap'
import { password, secret } from '../../helpers/app.ts'
import { serve } from '../../helpers/process.ts'
import type { Issued } from '../../helpers/refreshing.ts'
import { headerOf } from '../../helpers/signing.ts'
import { cloneTemplate, server } from '../../helpers/template.ts'
import { until } from '../../helpers/wait.ts'

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process'
const clients = 12

type Process = Awaited<ReturnType<typeof serve>>

async function send<T>(url: string, { token, body }: { token?: string; body?: object } = {}) {
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' })
    },
    ...(body && { body: JSON.stringify(body) })
  })
  return { status: answer.status, body: (await answer.json()) as T }
}

/** Clients that use any of the processes all the time, each with one session. */
function startClients(processes: Process[]) {
  const refusals: string[] = []
  const algorithms = new Set<string>()
  let [requests, turn, stopped] = [0, 0, false]
  const busy = new Map<Process, number>()

  async function call<T>(path: string, options?: Parameters<typeof send>[1]): Promise<T> {
    turn += 1
    const process = processes[turn % processes.length] as Process
    busy.set(process, (busy.get(process) ?? 0) + 1)
    const { status, body } = await send<T>(`${process.url}${path}`, options)
    busy.set(process, (busy.get(process) ?? 0) - 1)
    requests += 1
    if (status > 201) refusals.push(`${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  async function work(): Promise<void> {
    const email = `${crypto.randomUUID()}@example.com`
    let tokens = await call<Issued>('/api/auth/register', { body: { email, name: 'Ann', password } })
    while (!stopped) {
      for (let i = 0; i < 5; i++) await call('/api/auth/me', { token: tokens.access_token })
      tokens = await call<Issued>('/api/auth/refresh', { body: { refresh_token: tokens.refresh_token } })
      algorithms.add(headerOf(tokens.access_token).alg)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, work))

  return {
    refusals,
    /** Waits until every client has had answers of this state, and returns the algorithms of their tokens. */
    async settle(): Promise<string[]> {
      const before = requests
      await until('requests that began earlier', () => requests > before + clients * 6)
      algorithms.clear()
      await until('requests of every client', () => requests > before + clients * 24)
      return [...algorithms].sort()
    },
    /** Ends a process that no client uses any more. */
    async leave(process: Process): Promise<void> {
      processes.splice(processes.indexOf(process), 1)
      await until('the last request to a process', () => !busy.get(process))
      process.kill('SIGTERM')
      await process.ended
    },
    async stop(): Promise<number> {
      stopped = true
      await running
      return requests
    }
  }
}

async function start(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const common = { BETTER_AUTH_SECRET: secret, RATE_LIMIT_ENABLED: 'false', DATA_DIR: t.testdir(), ...settings }
  const database = new pg.Client({ connectionString: settings.DATABASE_URL })
  database.on('error', () => {}) // dropped with the database
  await database.connect()
  t.teardown(() => database.end())
  return {
    begin: (SIGNING_ALGORITHM: string) => serve(t, { ...common, SIGNING_ALGORITHM }),
    query: (sql: string) => database.query(sql)
  }
}

/** Starts two processes with another algorithm and ends those from before, as a deployment does. */
async function replace(processes: Process[], load: ReturnType<typeof startClients>, begin: () => Promise<Process>) {
  for (const before of [...processes]) {
    processes.push(await begin())
    await load.settle()
    await load.leave(before)
  }
}

test('two processes change to keys and back under load: no request is refused, and nobody is logged out', {
  skip
}, async (t) => {
  const { begin, query } = await start(t)
  const processes = [await begin('HS256'), await begin('HS256')]
  const load = startClients(processes)
  t.strictSame(await load.settle(), ['HS256'])

  await replace(processes, load, () => begin('EdDSA'))
  t.strictSame(await load.settle(), ['HS256'], 'the key is not published long enough')
  const age =
    "update signing_keys set created_at = created_at - interval '10 minutes', signs_from = signs_from - interval '10 minutes'"
  await query(age)
  await until('the key to sign everywhere', async () => (await load.settle()).join() === 'EdDSA')

  // Once all tokens of before have expired, the shared secret ends.
  await query("update shared_secret_use set accepted_until = now() - interval '1 second'")
  t.strictSame(await load.settle(), ['EdDSA'])

  await query('delete from shared_secret_use where accepted_until > now()')
  await replace(processes, load, () => begin('HS256'))
  t.strictSame(await load.settle(), ['HS256'], 'and back')
  const requests = await load.stop()
  t.strictSame(load.refusals, [])
  t.ok(requests > clients * 100, `${requests} requests`)
})

test('retire --now is refused by the other process as soon as it is told', { skip }, async (t) => {
  const { begin, query } = await start(t)
  const [a, b] = [await begin('EdDSA'), await begin('EdDSA')]
  await query(
    "update signing_keys set created_at = created_at - interval '1 hour', signs_from = signs_from - interval '1 hour'"
  )
  const register = async () => {
    const body = { email: `${crypto.randomUUID()}@example.com`, name: 'Ann', password }
    return (await send<Issued>(`${a.url}/api/auth/register`, { body })).body.access_token
  }
  const me = async (process: Process, token: string) => (await send(`${process.url}/api/auth/me`, { token })).status
  const token = await until('a token of the key', async () => {
    const token = await register()
    return headerOf(token).alg === 'EdDSA' && token
  })
  t.strictSame([await me(a, token), await me(b, token)], [200, 200])
  const { kid } = headerOf(token)
  for (const [how, sabotage] of [
    ['told by NOTIFY', 'select 1'],
    [
      'by the poll, when nothing is announced at all',
      'drop trigger announce on revocations; drop trigger announce on signing_keys'
    ]
  ] as const) {
    await query(sabotage)
    await query(`update signing_keys set refused_at = now() where kid = '${kid}'`)
    await query(`insert into revocations (key, cutoff, expires_at) values ('${kid}', 1, now() + interval '1 day')`)
    for (const process of [a, b]) await until(`${how}: a refusal`, async () => (await me(process, token)) === 401)
  }
})
