import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { unusedPort } from '../../helpers/ports.ts'
import { createSandbox, type Sandbox } from './sandbox.ts'

const releases = '/usr/lib/postgresql'
const [newest] = readdirSync(releases).sort((a, b) => Number(b) - Number(a))
const program = (name: string) => join(releases, newest ?? '', 'bin', name)

/** A plain connection without the service's timeouts. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, application_name: 'faults' })
  client.on('error', () => {})
  await client.connect()
  return client
}

export async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = await connect(url)
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

let blank: Promise<string> | undefined

/** A data directory for all scenarios to copy, until the process ends. */
async function createBlank(): Promise<string> {
  const sandbox = createSandbox({ short: true })
  const data = join(sandbox.folder('blank'), 'data')
  await sandbox.serverCommand(program('initdb'), [
    ...['-D', data, '-U', 'gatehouse', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']
  ])
  return data
}

/** Starts a separate server. Acknowledged writes survive `immediate`, because it replays its WAL. */
export async function startPostgres(
  sandbox: Sandbox,
  { name = 'postgres', settings = {} as Record<string, string> } = {}
) {
  const folder = sandbox.folder(name)
  const data = join(folder, 'data')
  blank ??= createBlank()
  await sandbox.serverCommand('cp', ['-a', await blank, data])
  return runPostgres(sandbox, folder, settings)
}

/** A streaming replica for reads. */
export async function startReplica(sandbox: Sandbox, primary: Postgres) {
  const folder = sandbox.folder('replica')
  const { hostname, port, username } = new URL(primary.url)
  await sandbox.serverCommand(program('pg_basebackup'), [
    ...['-D', join(folder, 'data'), '-h', hostname, '-p', port, '-U', username, '-R', '-X', 'stream', '-c', 'fast']
  ])
  return runPostgres(sandbox, folder, {})
}

async function runPostgres(sandbox: Sandbox, folder: string, settings: Record<string, string>) {
  const port = await unusedPort()
  const data = join(folder, 'data')
  const options = Object.entries({
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: '150',
    ...settings
  }).map(([name, value]) => `-c ${name}=${value}`)
  const control = (...args: string[]) => sandbox.serverCommand(program('pg_ctl'), ['-D', data, ...args])
  const start = (...args: string[]) => control('-l', join(folder, 'log'), '-o', options.join(' '), ...args, 'start')

  const serverPid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  /** Sends a signal to the server and to all its processes. */
  function signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = serverPid()
    // The server first, so that it starts no further process meanwhile.
    process.kill(pid, name)
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean))
      try {
        process.kill(Number(child), name)
      } catch {} // it has ended
  }

  sandbox.atEnd(() => {
    try {
      const pid = serverPid()
      process.kill(pid, 'SIGQUIT')
      signal('SIGCONT')
      // Its folder can be removed once it has ended.
      for (let tries = 0; tries < 200; tries++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
        process.kill(pid, 0)
      }
    } catch {} // it is down
  })
  await start('-w')
  const url = `postgres://gatehouse@127.0.0.1:${port}/postgres`
  return {
    url,
    port,
    /** Returns at once; the caller waits until it answers. */
    start: () => start('-W'),
    /** `SIGSTOP` keeps all connections open, and nothing answers; `SIGCONT` ends that. */
    signal,
    /** Like a crash of its processes. */
    stopAtOnce: () => control('-m', 'immediate', 'stop'),
    /** Runs one statement on a new connection. */
    ask: <Row extends object>(sql: string) => ask<Row>(url, sql)
  }
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>
