import { isIPv4 } from 'node:net'
import { domainToASCII } from 'node:url'

/** Length of the longest address that SMTP can deliver to (RFC 5321, section 4.5.3.1.3). */
const maxLength = 254
const tooLong = `must be at most ${maxLength} characters long`
/**
 * The local part that the HTML standard accepts in `<input type="email">`, including consecutive dots and a dot before
 * the @, which docomo.ne.jp has assigned. A dot at the start is refused: no provider assigns it.
 */
const localPart = /^(?!\.)[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/i
const badLocalPart =
  "must have only the letters a-z, digits and .!#$%&'*+-/=?^_`{|}~ before the @, and no dot at the start"
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
/** At least two labels: mail to a single label (`localhost`) does not leave the machine. */
const hostname = new RegExp(`^(?=.{1,253}$)(?:${label}\\.)+${label}$`)
/**
 * Refuses ASCII that host names cannot have, and invisible characters except joiners that some scripts need (RFC 5892,
 * appendix A).
 */
const international = /^(?:[a-z0-9.-]|[\u200c\u200d]|(?!\p{Default_Ignorable_Code_Point})\P{ASCII})+$/u
/** Hyphens at the edge of a label, which the ASCII form would hide (RFC 5891, section 4.2.3.1). */
const loose = /(?:^|[.\u3002\uff0e\uff61])-|-(?:[.\u3002\uff0e\uff61]|$)/

/** Converts a lower-case domain to ASCII by UTS #46, as browsers do. */
function asciiDomain(domain: string): string | undefined {
  // ASCII domains are not converted, so that stored ones stay valid: `xn--` labels are not checked.
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

/**
 * Returns the canonical form of an email address, in which it is stored, compared and shown, or undefined if it is
 * invalid: trimmed, in lower case, with the domain in ASCII (`anna@müller.de` becomes `anna@xn--mller-kva.de`). See
 * docs/email-addresses.md.
 */
export const normalEmail = (text: string): string | undefined => parse(text).address

/** Returns what is wrong with an email address, for the user, or undefined. */
export const emailFault = (text: string): string | undefined => parse(text).fault
