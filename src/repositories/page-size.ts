import { jsonBytes, widest } from '../util/json-bytes.ts'

export const maxPageBytes = 1024 * 1024
// Bytes of a page without its items, and of an item without its texts.
const envelope = 4 * 1024
const item = 256

/** Columns with texts, and how many characters each has at most. */
export type Texts = Readonly<Record<string, number>>

const textOf = (row: object, name: string): string => ((row as Record<string, unknown>)[name] as string | null) ?? ''

/** The characters of the texts of these rows. */
export function charactersOf(rows: readonly object[], texts: Texts): number {
  let sum = 0
  for (const row of rows) for (const name in texts) sum += textOf(row, name).length
  return sum
}

/** The bytes of the texts of a row in JSON, without their quotes. */
export function textBytes(row: object, texts: Texts): number {
  let bytes = 0
  for (const name in texts) bytes += jsonBytes(textOf(row, name))
  return bytes
}

/** Returns how many of these rows fit into one page, at least one: the texts of a row take less than that. */
export function countFitting(rows: readonly object[], texts: Texts): number {
  if (envelope + item * rows.length + widest * charactersOf(rows, texts) <= maxPageBytes) return rows.length
  let bytes = envelope
  const firstBeyond = rows.findIndex((row) => {
    bytes += item + textBytes(row, texts)
    return bytes > maxPageBytes
  })
  return firstBeyond < 0 ? rows.length : Math.max(1, firstBeyond)
}
