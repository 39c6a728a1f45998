import type { Test } from 'tap'

/**
 * Says where a value has more than a pattern: a list with further entries, a text around the expected one, or further bytes. tap's
 * `match` lets them pass, so that `{ items: [] }` matches any list and `{ event: 'login' }` matches `login.failed`. A text by itself
 * may be part of another one.
 */
export function excessOf(value: unknown, pattern: unknown, path = ''): string | undefined {
  if (typeof value === 'string' && typeof pattern === 'string')
    return path === '' || value === pattern ? undefined : `${path} is ${JSON.stringify(value)}, not "${pattern}"`
  if (typeof value !== 'object' || typeof pattern !== 'object' || value === null || pattern === null) return undefined
  if (Array.isArray(value) && Array.isArray(pattern) && value.length !== pattern.length)
    return `${path || 'the list'} has ${value.length} entries, not ${pattern.length}`
  if (value instanceof Uint8Array && pattern instanceof Uint8Array)
    return Buffer.compare(value, pattern) === 0 ? undefined : `${path || 'the value'} has other bytes`
  for (const [name, expected] of Object.entries(pattern)) {
    const excess = excessOf(Reflect.get(value, name), expected, `${path}/${name}`)
    if (excess !== undefined) return excess
  }
  return undefined
}

/** Makes `match` of a test refuse what has more than the pattern. For texts that vary, use regular expressions. */
export function matchStrictly(t: Test): void {
  const match = t.match.bind(t)
  t.match = function strictly(value: unknown, pattern: unknown, ...more: Parameters<Test['fail']>) {
    const excess = excessOf(value, pattern)
    if (excess === undefined) return match(value, pattern, ...more)
    // The report points to the line that called it.
    t.currentAssert = strictly
    return t.fail(`match: ${excess}`)
  } as Test['match']
}
