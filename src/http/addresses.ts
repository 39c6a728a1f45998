import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** The longest that is worth a look: an IPv6 address with a zone and a port, quoted. */
const longest = 128

/** RFC 7239, section 6, and what proxies write in its place: `192.0.2.1:4711`, `[2001:db8::1]:4711`, `"..."`, `for=...;proto=https`. */
const spelling =
  /^(?:for=)?("?)(?:\[([\da-f:.]+)(?:%[\w.~%-]+)?\](?::\d*)?|([\d.]+)(?::\d*)?|([\da-f:.]+)(?:%[\w.~%-]+)?)\1(?:;.*)?$/i

/**
 * The address in what a socket or a proxy says, in the one spelling of it (RFC 5952): without port, quotes and zone, and
 * IPv4 as IPv4. Undefined for anything else, so that nobody chooses a name under which they are counted.
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > longest) return undefined
  const [, , bracketed, v4, v6] = spelling.exec(text.trim()) ?? []
  const address = bracketed ?? v4 ?? v6 ?? ''
  // Node reads four decimal parts or none; ipaddr.js also takes 0x7f.1 for an address.
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString()
}
