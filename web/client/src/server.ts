import createClient from 'openapi-fetch'
import type { AuthResponse, paths } from './api.ts'
import { bodyOf, createApi } from './calls.ts'
import { cookieValue, type ReadableCookies, type Tokens, tokensIn, type WritableCookies } from './cookies.ts'
import { createExchanges, type Exchange, type Surroundings, surroundings } from './exchange.ts'
import { isAboutToken, isRefusal, signedOut } from './problem.ts'
import { createSession, inBody } from './session.ts'
import { createSuccessors } from './successors.ts'

export type * from './api.ts'
export type { Api } from './calls.ts'
export { type CookieOptions, cookiesOf, type ReadableCookies, type WritableCookies } from './cookies.ts'
export {
  type GatehouseCode,
  GatehouseProblem,
  isAboutToken,
  isSecondFactorRequired,
  type SecondFactorRequired
} from './problem.ts'

export interface ServerOptions {
  /** The origin of Gatehouse, as this server reaches it. */
  baseUrl: string
  /** False for plain HTTP, in development only. Default: true, and the cookie is bound to this host (`__Host-`). */
  secure?: boolean
  /** Milliseconds for a call and its retries, 0 for no limit. Default: 10,000. */
  timeout?: number
}

/** What Gatehouse shall know about the browser. Otherwise its limits and its list of sessions are about this server. */
export interface Visitor {
  /** As determined by a trusted proxy. Gatehouse believes it if TRUST_PROXY names this server. */
  address?: string
  userAgent?: string
}

// Milliseconds. A page that is rendered now cannot refresh.
const ahead = 300_000

/**
 * A client for a server that renders pages, one for all visitors. The tokens of each visitor are in a cookie of this server that
 * no script can read.
 */
export function createGatehouseServer<Paths extends object = paths>(
  { baseUrl, secure = true, timeout = 10_000 }: ServerOptions,
  around: Partial<Surroundings> = {}
) {
  const world = { ...surroundings, ...around }
  const { fitting, patiently } = createExchanges(world, timeout)
  const successors = createSuccessors(world.now)
  const name = secure ? '__Host-gatehouse_session' : 'gatehouse_session'

  function open(cookies: ReadableCookies, write: WritableCookies['set'] | undefined, visitor: Visitor) {
    const headers = {
      ...(visitor.address && { 'x-forwarded-for': visitor.address }),
      ...(visitor.userAgent && { 'user-agent': visitor.userAgent })
    }
    // What one visitor gets must not be kept for another.
    const options = { baseUrl, headers, cache: 'no-store' } as const
    const plain = createClient<paths>(options)
    let tokens = tokensIn(cookies.get(name)?.value)
    let pending: Promise<void> | undefined

    function keep(value: string, maxAge: number): void {
      tokens = tokensIn(value)
      write?.(name, value, { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge })
    }

    const end = () => keep('', 0)

    function adopt(answer: AuthResponse) {
      keep(cookieValue(answer, tokens ? successors.newest(tokens.refresh) : ''), answer.refresh_expires_in)
      return answer.user
    }

    async function replace({ refresh: refresh_token }: Tokens): Promise<void> {
      try {
        const options = { body: { refresh_token }, fetch: patiently }
        // Never 204, which answers a request without a token.
        const ask = () => bodyOf<AuthResponse | undefined>(plain.POST('/api/auth/refresh', options))
        adopt(await successors.of(refresh_token, ask as () => Promise<AuthResponse>))
      } catch (error) {
        if (isRefusal(error)) end()
        throw error
      }
    }

    function renew(): Promise<void> {
      if (!tokens) return Promise.reject(signedOut())
      pending ??= replace(tokens).finally(() => {
        pending = undefined
      })
      return pending
    }

    async function authorized(request: Request, exchange: Exchange): Promise<Response> {
      const used = tokens
      if (!used) return exchange(request)
      const again = request.clone()
      try {
        return await exchange(bearing(request, used))
      } catch (error) {
        if (!write || !isAboutToken(error)) throw error
        if (tokens === used) await renew()
        if (!tokens) throw error
        return await exchange(bearing(again, tokens)).catch((last) => {
          if (isAboutToken(last)) end()
          throw last
        })
      }
    }

    return {
      plain,
      renew,
      adopt,
      end,
      authorized,
      tokens: () => tokens,
      api: createApi<Paths>({ ...options, fetch: (request) => authorized(request, fitting) })
    }
  }

  return {
    /**
     * For a Server Component, which cannot set cookies: refreshes nothing, so an expired token is a GatehouseProblem. `keepFresh`
     * before it prevents that.
     */
    read(cookies: ReadableCookies, visitor: Visitor = {}) {
      const { api, tokens } = open(cookies, undefined, visitor)
      return { api, isSignedIn: tokens() !== undefined }
    },

    /** For a Route Handler or a Server Action. Signs in and out, and refreshes when that is needed. */
    visit(cookies: WritableCookies, visitor: Visitor = {}) {
      const { plain, adopt, end, tokens, renew, authorized, api } = open(cookies, cookies.set.bind(cookies), visitor)
      const isOut = () => tokens() === undefined
      const keeper = { adopt, end, isOut, exclusively: <T>(work: (waited: boolean) => Promise<T>) => work(false) }
      return {
        api,
        session: createSession(plain, {
          keeper,
          exchange: fitting,
          renewal: { renew, authorized },
          confirmed: (call) => call(),
          place: inBody
        }),
        get isSignedIn() {
          return !isOut()
        }
      }
    },

    /**
     * Refreshes an access token that soon expires, before pages are rendered. Without an answer of Gatehouse the cookie stays; a
     * refusal removes it.
     */
    async keepFresh(cookies: WritableCookies, visitor: Visitor = {}): Promise<void> {
      const { tokens, renew } = open(cookies, cookies.set.bind(cookies), visitor)
      const held = tokens()
      if (held && held.until - world.now() < Math.min(ahead, held.lifetime / 4)) await renew().catch(() => {})
    }
  }
}

function bearing(request: Request, { access }: Tokens): Request {
  request.headers.set('authorization', `Bearer ${access}`)
  return request
}

export type GatehouseServer<Paths extends object = paths> = ReturnType<typeof createGatehouseServer<Paths>>
