import type { AuthResponse } from './api.ts'
import { claimsOf, lifetimeOf } from './claims.ts'

export interface CookieOptions {
  httpOnly: true
  secure: boolean
  sameSite: 'lax'
  path: '/'
  /** Seconds. */
  maxAge: number
}

/** What `await cookies()` of Next.js is in a Server Component. */
export interface ReadableCookies {
  get: (name: string) => { value: string } | undefined
}

/** What `await cookies()` of Next.js is in a Route Handler and in a Server Action. */
export interface WritableCookies extends ReadableCookies {
  set: (name: string, value: string, options: CookieOptions) => unknown
}

/** The tokens of a visitor, both in one cookie, so that they always belong together. */
export interface Tokens {
  access: string
  refresh: string
  /** Milliseconds since 1970. */
  until: number
  lifetime: number
}

/** The tokens of the cookie, or undefined if it has none. */
export function tokensIn(value = ''): Tokens | undefined {
  const [, refresh, access] = /^([\w-]+)\.([\w-]+\.[\w-]+\.[\w-]+)$/.exec(value) ?? []
  if (refresh === undefined || access === undefined) return undefined
  try {
    const claims = claimsOf(access)
    return { access, refresh, until: Number(claims.exp) * 1000, lifetime: lifetimeOf(claims) }
  } catch {
    return undefined
  }
}

/** A step-up gives no refresh token: the previous one stays. */
export const cookieValue = ({ access_token, refresh_token }: AuthResponse, previous: string) =>
  `${refresh_token ?? previous}.${access_token}`

/**
 * The cookies of a request, and of the response to it, where no framework has an object for them: `send` adds the changed ones
 * to a response.
 */
export function cookiesOf(request: Request): WritableCookies & { send: (response: Response) => Response } {
  const values = new Map(
    (request.headers.get('cookie') ?? '').split(/; */).map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')]
    })
  )
  const changed = new Map<string, string>()

  return {
    get(name) {
      const value = values.get(name)
      return value === undefined ? undefined : { value }
    },
    set(name, value, { secure, maxAge }) {
      values.set(name, value)
      const flags = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
      changed.set(name, `${name}=${value}; ${flags}`)
    },
    send(response) {
      if (changed.size === 0) return response
      const answer = new Response(response.body, response)
      for (const line of changed.values()) answer.headers.append('set-cookie', line)
      return answer
    }
  }
}
