/** For each field that was left empty, what to say of it. */
export function needed(values: Record<string, string>, words: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).filter(([name]) => (values[name] ?? '').trim() === ''))
}
