import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Client } from '../src/auth/client.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the request comes from. */
    client: Client
  }
}

export const client = fp(
  async function client(app) {
    app.decorateRequest('client', {
      getter(this: FastifyRequest): Client {
        const { 'user-agent': agent } = this.headers
        return { ip: this.ip, prefix: normalizeIP(this.ip), userAgent: agent?.toWellFormed() ?? null }
      }
    })
  },
  { name: 'client' }
)
