import { isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'

// SMTP can deliver to no longer address (RFC 5321, section 4.5.3.1.3).
const maxLength = 254
const tooLong = `must be at most ${maxLength} characters long`
// As in HTML's `<input type="email">`: docomo.ne.jp has assigned dots in a row and before the @. Nobody assigns a first dot.
const localPart = /^(?!\.)[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/i
const badLocalPart =
  "must have only the letters a-z, digits and .!#$%&'*+-/=?^_`{|}~ before the @, and no dot at the start"
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
// At least two labels: mail to a single label (`localhost`) does not leave the machine.
const hostname = new RegExp(`^(?=.{1,253}$)(?:${label}\\.)+${label}$`)
// No ASCII that host names cannot have, and nothing invisible except joiners that some scripts need (RFC 5892, appendix A).
const international = /^(?:[a-z0-9.-]|[\u200c\u200d]|(?!\p{Default_Ignorable_Code_Point})\P{ASCII})+$/u
// Hyphens at the edge of a label, which the ASCII form would hide (RFC 5891, section 4.2.3.1).
const loose = /(?:^|[.\u3002\uff0e\uff61])-|-(?:[.\u3002\uff0e\uff61]|$)/

function asciiDomain(domain: string): string | undefined {
  // By UTS #46, as browsers do, but ASCII domains as they are, so that stored ones stay valid: `xn--` labels are not checked.
  if (hostname.test(domain)) return domain
  if (!international.test(domain) || loose.test(domain)) return undefined
  const ascii = domainToASCII(domain)
  return hostname.test(ascii) && !isIPv4(ascii) ? ascii : undefined
}

function parse(text: string): { address?: string; fault?: string } {
  const trimmed = text.trim()
  if (trimmed.length > maxLength) return { fault: tooLong }
  const at = trimmed.lastIndexOf('@')
  const [local, domain] = [trimmed.slice(0, Math.max(0, at)), trimmed.slice(at + 1)]
  if (local === '' || domain === '') return { fault: 'must be an email address such as ann@example.com' }
  if (local.length > 64) return { fault: 'must have at most 64 characters before the @' }
  if (!localPart.test(local)) return { fault: badLocalPart }
  const ascii = asciiDomain(domain.toLowerCase())
  if (!ascii) return { fault: 'must have a domain such as example.com after the @' }
  const address = `${local.toLowerCase()}@${ascii}`
  return address.length > maxLength ? { fault: tooLong } : { address }
}

/** Returns the canonical form, in which an address is stored, compared and shown (docs/email-addresses.md). */
export const normalEmail = (text: string): string | undefined => parse(text).address

export const emailFault = (text: string): string | undefined => parse(text).fault
