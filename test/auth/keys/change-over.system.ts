import pg from 'pg'
import t, { type Test, test } from 'tap'
import { password, secret } from '../../helpers/app.ts'
import { run, servePatiently } from '../../helpers/process.ts'
import type { Issued } from '../../helpers/refreshing.ts'
import { headerOf } from '../../helpers/signing.ts'
import { cloneTemplate, server } from '../../helpers/template.ts'
import { until } from '../../helpers/wait.ts'

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database takes one process'
const clients = 12

// Each test has its own time: together they take a minute, and four on a busy machine.
t.setTimeout(0)
const timeout = 240_000

type Process = Awaited<ReturnType<typeof servePatiently>>

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

/**
 * Clients that use any of the processes all the time, each with one session. A request whose process is killed is sent again to
 * another one, with the same tokens, as a load balancer and a client would; so is one that a busy process answered 503.
 */
function startClients(processes: Process[]) {
  const refusals: string[] = []
  const killed = new Set<Process>()
  const served = new Set<Process>()
  let repeated = 0
  const algorithms = new Set<string>()
  let [requests, turn, stopped] = [0, 0, false]
  const busy = new Map<Process, number>()

  async function call<T>(path: string, options?: Parameters<typeof send>[1]): Promise<T> {
    turn += 1
    const process = processes[turn % processes.length] as Process
    busy.set(process, (busy.get(process) ?? 0) + 1)
    const answer = await send<T>(`${process.url}${path}`, options).catch((error) => {
      if (!killed.has(process)) throw error
    })
    busy.set(process, (busy.get(process) ?? 0) - 1)
    if (!answer) {
      repeated += 1
      return call(path, options)
    }
    const { status, body } = answer
    requests += 1
    if (status > 201) {
      const { request_id } = body as { request_id?: string }
      await until('the log of the refusal', () => process.output.stdout.includes(String(request_id)))
      const lines = process.output.stdout.split('\n').filter((line) => line.includes(String(request_id)))
      // A busy machine let it stand still, so it had to read the revocations first. One that has just begun must know them.
      const stoodStill = served.has(process) && /"refusal":"revocations out of date"/.test(lines.join())
      // PostgreSQL took too long to open a connection.
      if (status === 503 && (stoodStill || /"message":"timeout expired"/.test(lines.join()))) {
        repeated += 1
        return call(path, options)
      }
      refusals.push(`${path}: ${status} ${lines.join('\n')}`)
      throw new Error(refusals[0])
    }
    served.add(process)
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
  running.catch(() => {}) // `reached` and `stop` tell it
  const reached = (what: string, condition: () => boolean) =>
    until(what, () => {
      if (refusals.length > 0) throw new Error(refusals[0])
      return condition()
    })

  return {
    refusals,
    /** Waits until every client has had answers of this state, and returns the algorithms of their tokens. */
    async settle(): Promise<string[]> {
      const before = requests
      await reached('requests that began earlier', () => requests > before + clients * 6)
      algorithms.clear()
      await reached('requests of every client', () => requests > before + clients * 24)
      return [...algorithms].sort()
    },
    /** Ends a process that no client uses any more. */
    async leave(process: Process): Promise<void> {
      processes.splice(processes.indexOf(process), 1)
      await until('the last request to a process', () => !busy.get(process))
      process.kill('SIGTERM')
      await process.ended
    },
    /** Kills a process in the middle of its requests. */
    async kill(process: Process): Promise<void> {
      await until('a request to it', () => busy.get(process))
      killed.add(process)
      processes.splice(processes.indexOf(process), 1)
      process.kill('SIGKILL')
      await process.ended
    },
    async stop(): Promise<{ requests: number; repeated: number }> {
      stopped = true
      await running
      return { requests, repeated }
    }
  }
}

async function startDatabase(t: Test) {
  const { settings, remove } = await cloneTemplate()
  t.teardown(remove)
  const common = { BETTER_AUTH_SECRET: secret, RATE_LIMIT_ENABLED: 'false', DATA_DIR: t.testdir(), ...settings }
  const database = new pg.Client({ connectionString: settings.DATABASE_URL })
  database.on('error', () => {}) // dropped with the database
  await database.connect()
  t.teardown(() => database.end())
  return {
    begin: (SIGNING_ALGORITHM: string) => servePatiently(t, { ...common, SIGNING_ALGORITHM }),
    query: (sql: string) => database.query(sql),
    command: (name: string, ...args: string[]) =>
      run(t, `src/commands/${name}.ts`, { ...common, SIGNING_ALGORITHM: 'EdDSA' }, args).ended
  }
}

/** Starts two processes with another algorithm and ends those from before, as a deployment does. */
async function replace(
  processes: Process[],
  load: ReturnType<typeof startClients>,
  begin: () => Promise<Process>,
  end: 'leave' | 'kill' = 'leave'
) {
  for (const before of [...processes]) {
    processes.push(await begin())
    await load.settle()
    await load[end](before)
  }
}

const publishLongEnough =
  "update signing_keys set created_at = created_at - interval '10 minutes', signs_from = signs_from - interval '10 minutes'"
const endSharedSecret = "update shared_secret_use set accepted_until = now() - interval '1 second'"

test('two processes change to keys and back under load: no request is refused, and nobody is logged out', {
  skip,
  timeout
}, async (t) => {
  const { begin, query } = await startDatabase(t)
  const processes = [await begin('HS256'), await begin('HS256')]
  const load = startClients(processes)
  t.strictSame(await load.settle(), ['HS256'])

  await replace(processes, load, () => begin('EdDSA'))
  t.strictSame(await load.settle(), ['HS256'], 'the key is not published long enough')
  await query(publishLongEnough)
  await until('the key to sign everywhere', async () => (await load.settle()).join() === 'EdDSA')

  // Once all tokens of before have expired, the shared secret ends.
  await query(endSharedSecret)
  t.strictSame(await load.settle(), ['EdDSA'])

  await query('delete from shared_secret_use where accepted_until > now()')
  await replace(processes, load, () => begin('HS256'))
  t.strictSame(await load.settle(), ['HS256'], 'and back')
  const { requests } = await load.stop()
  t.strictSame(load.refusals, [])
  t.ok(requests > clients * 100, `${requests} requests`)
})

test('processes killed during a change to keys and back: every repeated request is answered, and none is refused', {
  skip,
  timeout
}, async (t) => {
  const { begin, query } = await startDatabase(t)
  const processes = [await begin('HS256'), await begin('HS256')]
  const load = startClients(processes)
  t.strictSame(await load.settle(), ['HS256'])
  await replace(processes, load, () => begin('EdDSA'), 'kill')
  await query(publishLongEnough)
  // One that dies while the key begins to sign.
  processes.push(await begin('EdDSA'))
  await load.kill(processes[0] as Process)
  await until('the key to sign everywhere', async () => (await load.settle()).join() === 'EdDSA')
  await query(endSharedSecret)
  t.strictSame(await load.settle(), ['EdDSA'])
  await replace(processes, load, () => begin('HS256'), 'kill')
  t.strictSame(await load.settle(), ['HS256'], 'and back')
  const { requests, repeated } = await load.stop()
  t.strictSame(load.refusals, [])
  t.ok(repeated > 0, `${repeated} of ${requests} requests were sent again`)
})

/** Ends the connections that LISTEN, as soon as there is one, until the test has seen enough. */
function cutListeners(query: (sql: string) => Promise<unknown>) {
  let isCutting = true
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'gatehouse listener' and datname = current_database()`
  const running = (async () => {
    while (isCutting) await query(cut)
  })()
  return async () => {
    isCutting = false
    await running
  }
}

/** What happens to the announcements of a key that is retired at once. */
const troubles: Record<string, (query: (sql: string) => Promise<unknown>) => Promise<() => Promise<unknown>>> = {
  'heard by both processes': async () => async () => {},
  'lost, because the connections that LISTEN are cut all the time': async (query) => cutListeners(query),
  async 'not sent at all'(query) {
    await query('drop trigger announce on revocations; drop trigger announce on signing_keys')
    return async () => {}
  }
}

for (const [announcement, begin] of Object.entries(troubles))
  test(`after keys retire --now two processes refuse the key, whose announcement is ${announcement}; sessions continue`, {
    skip,
    timeout
  }, async (t) => {
    const { begin: start, query, command } = await startDatabase(t)
    const processes = [await start('EdDSA'), await start('EdDSA')]
    const [a] = processes as [Process]
    await query(
      `update signing_keys set created_at = created_at - interval '1 hour', signs_from = signs_from - interval '1 hour'`
    )
    const body = { email: 'ann@example.com', name: 'Ann', password }
    let session = (await send<Issued>(`${a.url}/api/auth/register`, { body })).body
    const refresh = async (process: Process) => {
      const { status, body } = await send<Issued>(`${process.url}/api/auth/refresh`, {
        body: { refresh_token: session.refresh_token }
      })
      // 503 while a process reads its keys again.
      if (status === 200) session = body
      return status
    }
    await until('a token of the key', async () => {
      await refresh(a)
      return headerOf(session.access_token).alg === 'EdDSA'
    })
    const { access_token: token } = session
    const { kid } = headerOf(token)
    const ask = async (process: Process, text = token) =>
      (await send<{ code?: string }>(`${process.url}/api/auth/me`, { token: text })).body.code
    const kids = async ({ url }: Process) =>
      (await send<{ keys: { kid: string }[] }>(`${url}/.well-known/jwks.json`)).body.keys.map((key) => key.kid)
    for (const process of processes) await until('the key everywhere', async () => (await ask(process)) === undefined)

    const end = await begin(query)
    t.match(await command('keys', 'retire', kid, '--now'), { code: 0, stderr: '' })
    for (const process of processes) {
      await until('a refusal', async () => (await ask(process)) === 'invalid_token')
      t.notOk((await kids(process)).includes(kid), 'it is not published any more')
    }
    for (const process of processes) {
      await until('a new token of the session', async () => (await refresh(process)) === 200)
      t.not(headerOf(session.access_token).kid, kid)
      for (const other of processes)
        await until('that token everywhere', async () => (await ask(other, session.access_token)) === undefined)
      t.equal(await ask(process), 'invalid_token', 'the key stays refused')
    }
    await end()
  })
