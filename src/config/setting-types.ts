import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { parse as parseDuration } from '@lukeed/ms'
import { makeExactValidator } from 'envalid'
import { quoted } from '../util/shown-url.ts'

const year = 365 * 24 * 60 * 60

/** A duration such as `15m` or `7d`, in whole seconds. A bare number is refused, because its unit is ambiguous. */
export const duration = makeExactValidator<number>((text) => {
  const seconds = Math.floor(((/[a-z]/i.test(text) && parseDuration(text)) || 0) / 1000)
  if (seconds < 1 || seconds > year) throw new Error('must be a duration from 1s to 365d, such as 15m, 12h or 7d')
  return seconds
})

/** A duration of at most an hour; may be `0`. */
export const delay = makeExactValidator<number>((text) => {
  const seconds = /^0s?$/.test(text) ? 0 : ((/[a-z]/i.test(text) && parseDuration(text)) || -1) / 1000
  if (seconds < 0 || seconds > 3600) throw new Error('must be 0 or a duration up to 1h, such as 5s')
  return seconds
})

export const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

/** IP addresses and CIDR ranges. A zone id never matches, and a range of all addresses lets clients choose theirs. */
export const cidrs = makeExactValidator<string[]>((text) =>
  list(text).map((range) => {
    const [address = '', prefix = '1', ...more] = range.split('/')
    const bits = { 4: 32, 6: 128 }[isIP(address)] ?? -1
    const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= bits
    if (more.length > 0 || !isPrefix || address.includes('%'))
      throw new Error(`${quoted(range, text)} is not an address or a CIDR range such as 10.0.0.0/8`)
    return range
  })
)

// pg treats them as verify-full, with a long warning.
const verified = /([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/

/** Refuses a password with a bare `#`, `@`, `/` or `?`: its rest would become the host name, which is logged. */
export function parsePostgresUrl(text: string): string {
  const encoded =
    'is not a postgres:// URL; in its name and password write # as %23, @ as %40, / as %2F, ? as %3F and % as %25'
  const [, authority = '', rest = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)(.*)$/s.exec(text) ?? []
  const isSplit = authority.split('@').length > 2 || /[#@]/.test(rest) || /%(?![0-9a-f]{2})/i.test(authority)
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text) || isSplit) throw new Error(encoded)
  return /[?&]uselibpqcompat=true(?=&|$)/.test(rest) ? text : text.replace(verified, '$1verify-full')
}

export const postgresUrl = makeExactValidator<string>(parsePostgresUrl)

/** Refuses upper case, as the driver opens REDISS:// without TLS, and queries, which would set driver options. */
export const redisUrl = makeExactValidator<string>((text) => {
  const example = 'redis://:password@localhost:6379/0'
  if (!/^rediss?:\/\/[^/?#]+(\/\d*)?$/.test(text) || !URL.canParse(text))
    throw new Error(`is not a redis:// or rediss:// URL such as ${example}`)
  decodeURIComponent(text)
  return text
})

export const httpUrl = makeExactValidator<string>((text) => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new Error('is not an http:// or https:// URL')
  return text
})

/** Where to report vulnerabilities, most wanted first (RFC 9116, section 2.5.3). Web addresses must be https. */
export const contacts = makeExactValidator<string[]>((text) =>
  list(text).map((uri) => {
    if (!/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+[\d-]+)$/.test(uri) || !URL.canParse(uri))
      throw new Error(
        `${quoted(uri, text)} is not a URI such as mailto:security@example.com, https://example.com/report or tel:+49-30-1234`
      )
    return uri
  })
)

/** The SHA-256 of a token of at least 128 bits, as far as a text can show it. */
export const proofToken = makeExactValidator<string>((text) => {
  if (!/^[\w-]{32,256}$/.test(text) || new Set(text).size < 8)
    throw new Error('must be 32 to 256 random letters, digits, - or _; make it with: openssl rand -hex 32')
  return createHash('sha256').update(text).digest('hex')
})

export const between = (low: number, high: number) =>
  makeExactValidator<number>((text) => {
    const value = Number(text)
    if (!/^\d{1,15}$/.test(text) || value < low || value > high)
      throw new Error(`must be a whole number from ${low} to ${high}`)
    return value
  })
