import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unusedPort } from './ports.ts'
import { until } from './wait.ts'

const idOf = (user: string) => {
  const ask = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: ask('-u'), gid: ask('-g') }
}

/** PostgreSQL and PgBouncer refuse to run as root. */
export const asServer = (user = 'postgres') => (process.getuid?.() === 0 ? idOf(user) : undefined)

/** The folder of PostgreSQL's programs, if installed. */
export const postgresPrograms = globSync('/usr/lib/postgresql/*/bin/initdb')
  .sort()
  .at(-1)
  ?.replace(/\/initdb$/, '')

/** A folder that a server of any user may write to. */
export async function serverFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_server_'))
  chmodSync(folder, 0o777)
  return folder
}

export async function untilListening(port: number, child: ChildProcess): Promise<void> {
  await until(`a server on port ${port}`, async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('The server ended')
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false
    )
    socket.destroy()
    return open
  })
}

const program = (name: string, args: string[]) =>
  execFileSync(join(postgresPrograms ?? '', name), args, { ...asServer(), stdio: 'pipe', encoding: 'utf8' })

/** Why PostgreSQL's programs cannot be used here; false if they can. */
export const withoutPostgres = postgresPrograms ? false : 'needs postgresql (apt-get install postgresql)'

async function startCluster(folder: string, port: number) {
  const data = join(folder, 'data')
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=150 -c log_statement=all`
  const start = () => program('pg_ctl', ['-D', data, '-l', join(folder, 'log'), '-w', '-o', options, 'start'])
  const stop = () => program('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop'])
  start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    /** The number of matching statements that it received. */
    statements: (like: RegExp) =>
      readFileSync(join(folder, 'log'), 'utf8')
        .split('\n')
        .filter((line) => like.test(line)).length,
    async remove() {
      try {
        stop()
      } catch {} // it is stopped
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Starts a separate PostgreSQL for tests that break it, and replicas of it. */
export async function startPostgres() {
  const [folder, port] = [await serverFolder(), await unusedPort()]
  program('initdb', ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'])
  return { ...(await startCluster(folder, port)), port }
}

/** A streaming replica of that PostgreSQL. */
export async function startReplica({ port }: { port: number }) {
  const folder = await serverFolder()
  const data = join(folder, 'data')
  program('pg_basebackup', [
    '-D',
    data,
    '-R',
    '-X',
    'stream',
    '-c',
    'fast',
    '-h',
    '127.0.0.1',
    '-p',
    `${port}`,
    '-U',
    'postgres'
  ])
  return startCluster(folder, await unusedPort())
}
