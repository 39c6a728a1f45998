import { makeExactValidator } from 'envalid'
import type { TrustedIssuer } from '../auth/tokens/issuers.ts'
import { type Algorithm, algorithms } from '../auth/tokens/jwks.ts'
import { quoted } from './quoted.ts'

const all = Object.keys(algorithms) as Algorithm[]
const local = new Set(['localhost', '127.0.0.1', '[::1]'])

function url(text: unknown, what: string): URL {
  if (typeof text !== 'string' || !URL.canParse(text))
    throw new Error(`${what} ${typeof text === 'string' ? quoted(text) : text} is not a URL`)
  const parsed = new URL(text)
  // fetch() refuses such a URL, and a message must not repeat it.
  if (parsed.username || parsed.password) throw new Error(`${what} must hold no name and password`)
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && local.has(parsed.hostname)))
    throw new Error(`${what} ${JSON.stringify(text)} must be https, outside localhost`)
  return parsed
}

/**
 * A Better Auth server by its URL, as `BETTER_AUTH_URL` has it there too: `iss` and `aud` are its origin, and the keys
 * stand below its path, which is `/api/auth` where none is given.
 */
export const betterAuthServer = makeExactValidator<TrustedIssuer>((text) => {
  const { origin, pathname } = url(text, 'the URL')
  const path = pathname === '/' ? '/api/auth' : pathname.replace(/\/+$/, '')
  return { issuer: origin, audience: origin, jwksUrl: `${origin}${path}/jwks`, algorithms: all }
})

const fields = ['issuer', 'audience', 'jwks_url', 'algorithms']

function trusted(entry: unknown): TrustedIssuer {
  if (typeof entry !== 'object' || entry === null) throw new Error('each issuer must be an object')
  const unknown = Object.keys(entry).find((key) => !fields.includes(key))
  if (unknown) throw new Error(`${JSON.stringify(unknown)} is not one of ${fields.join(', ')}`)
  const { issuer, audience, jwks_url, algorithms: chosen } = entry as Record<string, unknown>
  if (typeof issuer !== 'string' || issuer === '') throw new Error('issuer must be the text of the claim iss')
  if (typeof audience !== 'string' || audience === '') throw new Error('audience must be the text of the claim aud')
  if (!Array.isArray(chosen) || chosen.length === 0 || chosen.some((name) => !all.includes(name)))
    throw new Error(`algorithms must be a list of some of ${all.join(', ')}`)
  return { issuer, audience, jwksUrl: url(jwks_url, 'jwks_url').href, algorithms: chosen }
}

/** Any number of issuers, as a JSON list of `{issuer, audience, jwks_url, algorithms}`. */
export const trustedIssuers = makeExactValidator<TrustedIssuer[]>((text) => {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new Error(
      'is not JSON: write it as [{"issuer": "...", "audience": "...", "jwks_url": "...", "algorithms": ["EdDSA"]}]'
    )
  }
  if (!Array.isArray(list)) throw new Error('must be a JSON list of issuers')
  return list.map(trusted)
})
