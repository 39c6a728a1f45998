import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

const longest = 128

// Spellings of RFC 7239, section 6, and of proxies.
const spelling =
  /^(?:for=)?("?)(?:\[([\da-f:.]+)(?:%[\w.~%-]+)?\](?::\d*)?|([\d.]+)(?::\d*)?|([\da-f:.]+)(?:%[\w.~%-]+)?)\1(?:;.*)?$/i

/** Normalizes an address (RFC 5952). Undefined for invalid text, so that a client cannot choose whom it is counted as. */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > longest) return undefined
  const [, , bracketed, v4, v6] = spelling.exec(text.trim()) ?? []
  const address = bracketed ?? v4 ?? v6 ?? ''
  // Only four decimal parts; ipaddr.js would also accept 0x7f.1.
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString()
}
