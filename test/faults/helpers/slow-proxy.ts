import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Sandbox } from './sandbox.ts'

/** A proxy that delays answers by a variable number of milliseconds. */
export async function startSlowProxy(sandbox: Sandbox, target: number) {
  const delay = { ms: 0 }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) =>
      delay.ms > 0 ? setTimeout(() => client.write(bytes), delay.ms) : client.write(bytes)
    )
    for (const [one, other] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  sandbox.atEnd(() => server.close())
  return { port: (server.address() as AddressInfo).port, delay }
}
