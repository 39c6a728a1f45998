import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'

const root = new URL('../../', import.meta.url)
const children = new Set<ChildProcess>()
const killAll = () => {
  for (const child of children) child.kill('SIGKILL')
}
process.on('exit', killAll)
// If the bench is interrupted, its services end too.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    killAll()
    setTimeout(() => process.exit(1), 10_000).unref()
  })

/** Starts a file with only these settings. It is killed when this process ends. */
export function start(file: string, settings: Record<string, string>) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [file], {
    cwd: root,
    env: { PATH, ...settings },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** Starts the service on a free port. `file` may be another server that reports where it listens. */
export async function serve(settings: Record<string, string>, file = 'src/start.js') {
  const secret = 'a-long-value-that-only-the-benches-know'
  const child = start(file, {
    BETTER_AUTH_SECRET: secret,
    PORT: '0',
    RATE_LIMIT_ENABLED: 'false',
    // Some benches give one user a million tasks.
    TASKS_PER_USER: '1000000000',
    TASK_BYTES_PER_USER: '1000000000000',
    ...settings
  })
  let output = ''
  let stopping = false
  let url: string | undefined
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    output = (output + chunk).slice(-8_000)
  })
  child.on('exit', (code, signal) => {
    if (!stopping) process.stderr.write(`${file} ended by itself (${code ?? signal}), after:\n${output}\n`)
  })
  while (url === undefined) {
    if (child.exitCode !== null) throw new Error(`${file} ended`)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
    const said = /listens on\s+(http:\/\/127\.0\.0\.1:\d+)\s/.exec(output)
    url = said?.[1]
  }
  return {
    url,
    /** For other ways to stop it. */
    child,
    async stop() {
      stopping = true
      if (!children.has(child)) return
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

export type Service = Awaited<ReturnType<typeof serve>>

export interface BenchDatabase {
  url: string
  query: (sql: string) => Promise<pg.QueryResult>
}

/** Runs on a separate database on the server of DATABASE_URL, which is dropped afterwards. */
export async function onOwnDatabase<T>(server: string, work: (database: BenchDatabase) => Promise<T>): Promise<T> {
  const name = `gatehouse_bench_${process.pid}_${crypto.randomUUID().slice(0, 8)}`
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  try {
    await admin.query(`create database ${name}`)
    const url = Object.assign(new URL(server), { pathname: `/${name}` }).href
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    return await work({ url, query: (sql) => client.query(sql) }).finally(() => client.end())
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.end()
  }
}
