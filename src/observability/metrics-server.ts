import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { createBoundedServer } from '../http/bounded-server.ts'

const maxConnections = 32

/** Serves `GET /metrics` on a separate port until stopped. Rejects if the port is unavailable. */
export async function serveMetrics({ host, port }: { host: string; port: number }, scrape: () => Promise<string>) {
  async function answer(response: ServerResponse): Promise<void> {
    try {
      const text = await scrape()
      response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text)
    } catch {
      response.writeHead(500).end()
    }
  }
  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'GET' && request.url === '/metrics') void answer(response)
    else response.writeHead(404).end()
  }
  const server = createBoundedServer({ requestTimeout: 5_000, connectionsCheckingInterval: 1_000 }, handle, {
    maxConnections
  })
  server.unref().listen(port, host)
  await once(server, 'listening')
  const { address, family, port: actual } = server.address() as AddressInfo

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}/metrics`,
    async stop(): Promise<void> {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
