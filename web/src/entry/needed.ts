/** Messages for fields left empty. */
export function needed(values: Record<string, string>, words: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).filter(([name]) => (values[name] ?? '').trim() === ''))
}
