import { compile } from '@fastify/proxy-addr'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Client } from '../src/auth/client.ts'
import { readAddress } from '../src/http/addresses.ts'
import { printable } from '../src/logging/printable.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the request comes from. Not `request.ip`, which is whatever text a proxy wrote. */
    client: Client
  }
}

/** Fastify's `trustProxy`: whether an address, however a proxy spells it, is one of our proxies. */
export function trustedProxies(ranges: readonly string[]): (address: string) => boolean {
  const isTrusted = compile([...ranges])
  return (text) => {
    const address = readAddress(text)
    return address !== undefined && isTrusted(address, 0)
  }
}

/** The farthest address that can be read, from the peer of the socket on to the first that is none of our proxies. */
const addressOf = ({ ips = [] }: FastifyRequest) =>
  ips.map(readAddress).findLast((address) => address !== undefined) ?? 'unknown'

export const client = fp(
  async function client(app) {
    app.decorateRequest('client', {
      getter(this: FastifyRequest): Client {
        const { 'user-agent': agent } = this.headers
        const ip = addressOf(this)
        return { ip, prefix: normalizeIP(ip), userAgent: agent === undefined ? null : printable(agent) }
      }
    })
  },
  { name: 'client' }
)
