import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { unusedPort } from './ports.ts'
import { asServer, serverFolder, untilListening } from './servers.ts'

const pgbouncer = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((file) => existsSync(file))

/** Why PgBouncer cannot be tested here; false if it can. */
export const withoutPgBouncer = pgbouncer ? false : 'needs pgbouncer (apt-get install pgbouncer)'

/** Starts PgBouncer in transaction mode. Returns the URL of a database through it. */
export async function startPgBouncer(serverUrl: string, poolSize = 20) {
  const { hostname, port: serverPort, username } = new URL(serverUrl)
  const port = await unusedPort()
  const folder = await serverFolder()
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(join(folder, 'users'), `"${username || 'postgres'}" ""\n`)
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users
pool_mode = transaction
max_client_conn = 5000
default_pool_size = ${poolSize}
server_login_retry = 1
`
  )
  const child = spawn(pgbouncer ?? '', ['-q', file], { ...asServer(), stdio: ['ignore', 'ignore', 'ignore'] })
  await untilListening(port, child)
  return {
    url: (database: string) => Object.assign(new URL(serverUrl), { port, pathname: `/${database}` }).href,
    child,
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    }
  }
}
