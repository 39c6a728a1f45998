import { BlockList, isIP } from 'node:net'
import { makeExactValidator } from 'envalid'
import type { TrustedIssuer } from '../auth/tokens/issuers.ts'
import { type Algorithm, algorithms } from '../auth/tokens/jwks.ts'
import { quoted, shownUrl } from '../util/shown-url.ts'

const all = Object.keys(algorithms) as Algorithm[]
const local = new Set(['localhost', '127.0.0.1', '[::1]'])
// A single label, or below a domain reserved for private networks (RFC 6762, RFC 8375, ICANN's `internal`).
const privateName = /^[a-z0-9_-]+$|\.(local|internal|lan|localhost|test|home\.arpa)$/
const privateAddresses = new BlockList()
for (const [network, prefix, family] of [
  ['10.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6']
] as const)
  privateAddresses.addSubnet(network, prefix, family)

function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  return version === 0 ? privateName.test(hostname) : privateAddresses.check(address, `ipv${version as 4 | 6}`)
}

/** Returns why keys must not be fetched from a URL: over plain HTTP, a man in the middle could sign tokens for all users. */
export function insecureKeys(
  { jwksUrl }: TrustedIssuer,
  { production, allowed }: { production: boolean; allowed: boolean }
): string | undefined {
  const { protocol, hostname } = new URL(jwksUrl)
  if (protocol === 'https:' || allowed || local.has(hostname) || (!production && isPrivate(hostname))) return undefined
  const where = production ? 'outside localhost' : 'outside localhost and private networks'
  return `${shownUrl(jwksUrl)} must be https, ${where}; in a network that you trust set ALLOW_KEYS_OVER_PLAIN_HTTP=true`
}

function url(text: unknown, what: string): URL {
  if (typeof text !== 'string' || !URL.canParse(text))
    throw new Error(`${what} ${typeof text === 'string' ? quoted(text) : text} is not a URL`)
  const parsed = new URL(text)
  // fetch() refuses such a URL, and an error message must not repeat it.
  if (parsed.username || parsed.password) throw new Error(`${what} must not contain a name and password`)
  if (!/^https?:$/.test(parsed.protocol)) throw new Error(`${what} ${quoted(text)} must be https`)
  return parsed
}

/** A Better Auth server by its own `BETTER_AUTH_URL`: its origin is `iss` and `aud`, its keys are below its path. */
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

/** A JSON list of `{issuer, audience, jwks_url, algorithms}`. */
export const trustedIssuers = makeExactValidator<TrustedIssuer[]>((text) => {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new Error(
      'is not JSON such as [{"issuer": "...", "audience": "...", "jwks_url": "...", "algorithms": ["EdDSA"]}]'
    )
  }
  if (!Array.isArray(list)) throw new Error('must be a JSON list of issuers')
  return list.map(trusted)
})
