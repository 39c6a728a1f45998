import { compile } from '@fastify/proxy-addr'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Client } from '../src/auth/client.ts'
import { readAddress } from '../src/http/addresses.ts'
import { printable } from '../src/logging/printable.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The origin of the request. `request.ip` is not validated: a proxy may write any text. */
    client: Client
  }
}

/** For Fastify's `trustProxy`: whether an address, in any spelling, is a trusted proxy. */
export function trustedProxies(ranges: readonly string[]): (address: string) => boolean {
  const isTrusted = compile([...ranges])
  return (text) => {
    const address = readAddress(text)
    return address !== undefined && isTrusted(address, 0)
  }
}

// From the socket's peer on, the first readable address that is not a trusted proxy.
const addressOf = ({ ips = [] }: FastifyRequest) =>
  ips.map(readAddress).findLast((address) => address !== undefined) ?? 'unknown'

export const client = fp(
  async function client(app) {
    app.decorateRequest('client', {
      getter(this: FastifyRequest): Client {
        const { 'user-agent': agent, 'accept-language': acceptLanguage } = this.headers
        const ip = addressOf(this)
        const userAgent = agent === undefined ? null : printable(agent)
        return { ip, prefix: normalizeIP(ip), userAgent, requestId: this.id, acceptLanguage }
      }
    })
  },
  { name: 'client' }
)
