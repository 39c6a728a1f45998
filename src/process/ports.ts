import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'

interface Settings {
  host: string
  port: number
  metrics: { host: string; port: number } | undefined
}

/** Explains in one sentence why a port is unavailable, with the setting to change. */
export function explainPort(error: NodeJS.ErrnoException, host: string, port: number, prefix = ''): string {
  const { code = '', syscall, message } = error
  if (syscall === 'getaddrinfo') return `The host ${host} is unknown: set ${prefix}HOST to an address of this machine.`
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken: stop the program that listens there, or set ${prefix}PORT to another one.`,
    EACCES: `Port ${port} may not be used by this user: set ${prefix}PORT to 1024 or more.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: set ${prefix}HOST to one that is, or to 0.0.0.0 for all of them.`
  }
  return reasons[code] ?? `Port ${port} on ${host} cannot be used: ${message}`
}

async function tryPort(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host)
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

/** Like Fastify, tries every address of `localhost`, and the first one of another name. */
async function tryHost(host: string, port: number, resolve: typeof lookup): Promise<void> {
  if (host !== 'localhost') return tryPort((await resolve(host)).address, port)
  for (const { address } of await resolve(host, { all: true }))
    await tryPort(address, port).catch((error) => {
      if (error.code !== 'EADDRNOTAVAIL') throw error
    })
}

/** Throws if a configured port is unavailable. Called before the database is opened, which takes longer. */
export async function checkPorts({ host, port, metrics }: Settings, resolve = lookup): Promise<void> {
  const explained = (host: string, port: number, prefix?: string) => (error: NodeJS.ErrnoException) => {
    throw new Error(explainPort(error, host, port, prefix))
  }
  await tryHost(host, port, resolve).catch(explained(host, port))
  if (metrics)
    await tryHost(metrics.host, metrics.port, resolve).catch(explained(metrics.host, metrics.port, 'METRICS_'))
}
