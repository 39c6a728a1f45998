import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AuthResponse } from '../schemas/users.ts'
import { problems } from '../src/http/problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The refresh token of the cookie, if there is one. Throws `forbidden` when another site's page sent it. */
    refreshCookie: () => string | undefined
  }
  interface FastifyReply {
    /** Moves the refresh token from the body into the cookie. */
    withRefreshCookie: (answer: AuthResponse) => AuthResponse
    clearRefreshCookie: () => void
  }
}

const local = new Set(['localhost', '127.0.0.1', '[::1]'])

/** `__Host-` binds a cookie to this host and wants Secure and the root path; a browser takes neither from http://localhost. */
function kind(request: FastifyRequest) {
  const common = { httpOnly: true, sameSite: 'strict' } as const
  return local.has(request.hostname)
    ? { name: 'gatehouse_refresh', path: '/api/auth', ...common }
    : { name: '__Host-gatehouse_refresh', path: '/', secure: true, ...common }
}

/** Whether a page of this host sent a request: over TLS, but for localhost. */
const isOurs = ({ host, hostname }: FastifyRequest, origin: string) =>
  origin === `https://${host}` || (local.has(hostname) && origin === `http://${host}`)

/** The refresh token in a cookie that no script can read, for browsers. */
export const cookies = fp(
  async function cookies(app, { corsOrigins }: { corsOrigins: readonly string[] }) {
    function refreshCookie(this: FastifyRequest): string | undefined {
      const token = parseCookie(this.headers.cookie ?? '')[kind(this).name]
      const { origin } = this.headers
      if (token !== undefined && origin !== undefined && !corsOrigins.includes(origin) && !isOurs(this, origin))
        throw problems.forbidden()
      return token
    }

    function set(reply: FastifyReply, value: string, maxAge: number): void {
      reply.header('set-cookie', stringifySetCookie({ ...kind(reply.request), value, maxAge }))
    }

    function withRefreshCookie(this: FastifyReply, { refresh_token = '', ...answer }: AuthResponse): AuthResponse {
      set(this, refresh_token, answer.refresh_expires_in)
      return answer
    }

    function clearRefreshCookie(this: FastifyReply): void {
      if (this.request.headers.cookie?.includes(kind(this.request).name)) set(this, '', 0)
    }

    app.decorateRequest('refreshCookie', refreshCookie)
    app.decorateReply('withRefreshCookie', withRefreshCookie)
    app.decorateReply('clearRefreshCookie', clearRefreshCookie)
  },
  { name: 'cookies' }
)
