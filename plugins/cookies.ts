import { parseCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AuthResponse } from '../schemas/users.ts'
import { readOrigins } from '../src/http/origins.ts'
import { problems } from '../src/http/problems.ts'
import { printable } from '../src/logging/printable.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Returns the refresh token of the cookie, if any. Throws `forbidden` if another site's page sent it. */
    refreshCookie: () => string | undefined
  }
  interface FastifyReply {
    /** Moves the refresh token from the body into the cookie. */
    withRefreshCookie: (answer: AuthResponse) => AuthResponse
    clearRefreshCookie: () => void
  }
}

interface Options {
  production: boolean
  appUrl?: string | undefined
  corsOrigins: readonly string[]
}

const local = new Set(['localhost', '127.0.0.1', '[::1]'])
const common = { httpOnly: true, sameSite: 'strict' } as const
const plain = { name: 'gatehouse_refresh', path: '/api/auth', ...common }
// `__Host-` binds a cookie to this host. It requires Secure, which browsers refuse from http://localhost.
const secure = { name: '__Host-gatehouse_refresh', path: '/', secure: true, ...common }

const isOfHost = ({ host, hostname }: FastifyRequest, origin: string) =>
  origin === `https://${host.replace(/:443$/, '')}` || (local.has(hostname) && origin === `http://${host}`)

/** Keeps the refresh token of browsers in a cookie that scripts cannot read. */
export const cookies = fp(
  async function cookies(app, { production, appUrl, corsOrigins }: Options) {
    const { exact, isByPattern } = readOrigins(corsOrigins)
    const ours = appUrl === undefined ? undefined : new URL(appUrl).origin

    // Proxies determine Host, so in production it must not weaken the cookie.
    function kind(request: FastifyRequest) {
      if (ours !== undefined) return ours.startsWith('https:') ? secure : plain
      return !production && local.has(request.hostname) ? plain : secure
    }

    // OWASP ASVS 5.0, 3.5.1. Sec-Fetch-Site tells whether the page belongs to the requested host, whatever proxies make of Host.
    // Browsers before 2023 do not send it; then Origin must be ours.
    function mayUseCookie(request: FastifyRequest): boolean {
      const { origin, 'sec-fetch-site': site } = request.headers
      if (site === 'same-origin') return true
      if (origin === undefined) return site === undefined || site === 'none'
      if (exact.has(origin) || origin === ours) return true
      return site === undefined && ours === undefined && isOfHost(request, origin)
    }

    function refreshCookie(this: FastifyRequest): string | undefined {
      const token = parseCookie(this.headers.cookie ?? '')[kind(this).name]
      if (token === undefined || mayUseCookie(this)) return token
      const { origin, host, 'sec-fetch-site': site } = this.headers
      const said = printable(JSON.stringify({ origin, host, 'sec-fetch-site': site }).slice(0, 400))
      throw problems.forbidden(`cookie of another origin: ${said}; set APP_URL, or name the origin in CORS_ORIGINS`)
    }

    // Never for a page that only a pattern allows: it could replace the user's session with its own.
    function set(reply: FastifyReply, value: string, maxAge: number): void {
      const { origin } = reply.request.headers
      if (origin === undefined || !isByPattern(origin))
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
