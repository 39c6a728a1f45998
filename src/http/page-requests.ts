const reserved = ['api', 'docs', 'health']

/** Whether a decoded path may be a page of the web app: not of the API, no file (`app.js`), no `..`, `.well-known` or `.git`. */
export function isPagePath(path: string): boolean {
  const segments = path.split(/[/\\]/).filter((segment) => segment !== '')
  if (segments.some((segment) => segment.startsWith('.')) || segments.at(-1)?.includes('.')) return false
  return !reserved.includes(String(segments[0]).toLowerCase())
}

/** Whether Accept prefers HTML: the most specific range decides, and a weight of 0 refuses (RFC 9110, section 12.5.1). */
export function acceptsHtml(accept: string, ranges: readonly string[]): boolean {
  const weights = new Map<string, boolean>()
  for (const entry of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = entry.split(';').map((part) => part.trim())
    weights.set(range, !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)))
  }
  const first = ranges.find((range) => weights.has(range))
  return first !== undefined && weights.get(first) === true
}
