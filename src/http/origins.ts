/** One label of a host name (RFC 1123, section 2.1), as a browser writes it. */
const label = '[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?'

const toPattern = (origin: string) => new RegExp(`^${origin.replaceAll('.', '\\.').replace('*', label)}$`)

export function readOrigins(list: readonly string[]) {
  const exact = new Set(list.filter((origin) => !origin.includes('*')))
  const patterns = list.filter((origin) => origin.includes('*')).map(toPattern)
  return {
    exact,
    patterns,
    /** Whether only a pattern allows an origin, so that its pages are not trusted. */
    isByPattern: (origin: string) => !exact.has(origin) && patterns.some((pattern) => pattern.test(origin))
  }
}
