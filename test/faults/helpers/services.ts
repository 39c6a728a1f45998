import { once } from 'node:events'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { unusedPort } from '../../helpers/ports.ts'
import type { Sandbox } from './sandbox.ts'

/** Waits until the port accepts connections. */
export async function listening(port: number, within = 10_000): Promise<void> {
  for (const end = performance.now() + within; performance.now() < end; await sleep(50)) {
    const socket = dial(port, '127.0.0.1')
    const there = await once(socket, 'connect').then(
      () => true,
      () => false
    )
    socket.destroy()
    if (there) return
  }
  throw new Error(`Nobody listens on ${port}`)
}

/** A foreground service that can be killed, paused and restarted. */
export async function runService(sandbox: Sandbox, command: string, args: string[], port: number) {
  let child = sandbox.startServer(command, args)
  const gone = async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  await listening(port)
  return {
    port,
    signal: (name: NodeJS.Signals) => child.kill(name),
    output: () => child.output(),
    async kill(): Promise<void> {
      child.kill('SIGKILL')
      await gone()
    },
    async start(): Promise<void> {
      child = sandbox.startServer(command, args)
      await listening(port)
    }
  }
}

export type Service = Awaited<ReturnType<typeof runService>>

export async function startRedis(sandbox: Sandbox) {
  const port = await unusedPort()
  const folder = sandbox.folder('redis')
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  return { ...(await runService(sandbox, 'redis-server', args, port)), url: `redis://127.0.0.1:${port}/0` }
}

/** Starts PgBouncer in transaction mode in front of a server. */
export async function startPgBouncer(sandbox: Sandbox, serverUrl: string) {
  const port = await unusedPort()
  const { hostname, port: serverPort, username } = new URL(serverUrl)
  const users = sandbox.file(join(sandbox.directory, 'users'), `"${username}" ""\n`)
  const settings = `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
admin_users = ${username}
pool_mode = transaction
max_client_conn = 500
default_pool_size = 20
server_login_retry = 1
`
  const file = sandbox.file(join(sandbox.directory, 'pgbouncer.ini'), settings)
  const service = await runService(sandbox, '/usr/sbin/pgbouncer', ['-q', file], port)
  const at = (database: string) => Object.assign(new URL(serverUrl), { port: String(port), pathname: database }).href
  return { ...service, url: at('/postgres'), adminUrl: at('/pgbouncer') }
}

/** Starts HAProxy in front of these processes, with the readiness checks of deploy/haproxy. */
export async function startHaproxy(sandbox: Sandbox, backends: readonly number[]) {
  const port = await unusedPort()
  const settings = `global
  log stdout format raw local0 notice
  maxconn 4000
defaults
  mode http
  log global
  option redispatch
  retries 3
  retry-on conn-failure
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  timeout check 2s
frontend public
  bind 127.0.0.1:${port}
  default_backend gatehouse
backend gatehouse
  balance leastconn
  option httpchk
  http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host gatehouse
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 maxconn 1000 pool-purge-delay 5s
${backends.map((backend, i) => `  server process${i} 127.0.0.1:${backend} check\n`).join('')}`
  const file = sandbox.file(join(sandbox.directory, 'haproxy.cfg'), settings)
  const service = await runService(sandbox, '/usr/sbin/haproxy', ['-db', '-q', '-f', file], port)
  return { ...service, url: `http://127.0.0.1:${port}` }
}
