/** First segments of the paths that never show a page of the web app, besides those that start with a dot. */
const reserved = ['api', 'docs', 'health']

/**
 * Whether a path, decoded once, can be an address within the web app: not one of the API, and not a file, whose last
 * segment has a dot. A segment that starts with a dot (`..`, `.well-known`, `.git`) is none of the app's.
 */
export function isPagePath(path: string): boolean {
  const segments = path.split(/[/\\]+/).filter((segment) => segment !== '')
  if (segments.some((segment) => segment.startsWith('.')) || segments.at(-1)?.includes('.')) return false
  return !reserved.includes(String(segments[0]).toLowerCase())
}

/**
 * Whether an Accept header asks for HTML: the most specific of these media ranges decides, and a weight of 0 refuses
 * (RFC 9110, section 12.5.1).
 */
export function acceptsHtml(accept: string, ranges: readonly string[]): boolean {
  const weights = new Map<string, boolean>()
  for (const entry of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim())
    weights.set(range, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)))
  }
  const first = ranges.find((range) => weights.has(range))
  return first !== undefined && weights.get(first) === true
}
