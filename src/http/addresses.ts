import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Length of the longest valid text: an IPv6 address with a zone and a port, quoted. */
const longest = 128

/**
 * Spellings of RFC 7239, section 6, and of proxies: `192.0.2.1:4711`, `[2001:db8::1]:4711`, `"..."`,
 * `for=...;proto=https`.
 */
const spelling =
  /^(?:for=)?("?)(?:\[([\da-f:.]+)(?:%[\w.~%-]+)?\](?::\d*)?|([\d.]+)(?::\d*)?|([\da-f:.]+)(?:%[\w.~%-]+)?)\1(?:;.*)?$/i

/**
 * Normalizes an address from a socket or a proxy (RFC 5952): without port, quotes and zone, and IPv4-mapped IPv6 as
 * IPv4. Undefined for invalid text, so that a client cannot choose the name that it is counted under.
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > longest) return undefined
  const [, , bracketed, v4, v6] = spelling.exec(text.trim()) ?? []
  const address = bracketed ?? v4 ?? v6 ?? ''
  // Only four decimal parts; ipaddr.js would also accept 0x7f.1.
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString()
}
