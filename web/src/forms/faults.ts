/** The given message where a field is empty. */
export const needed = (value: string, message: string): string | undefined =>
  value.trim() === '' ? message : undefined

/** What is wrong, by field, without the fields that are right. */
export function faults(found: Record<string, string | undefined>): Record<string, string> {
  const wrong = Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(wrong)
}
