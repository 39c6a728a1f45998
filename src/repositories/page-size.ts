import { jsonBytes, widest } from '../util/json-bytes.ts'

export const maxPageBytes = 1024 * 1024
// Bytes of a page without its items, and of an item without its texts.
const envelope = 4 * 1024
const item = 256

interface Listed {
  title: string
  description: string | null
}

/** Returns how many of these items fit into one page, at least one: a task takes at most 62 KB. */
export function countFitting(items: readonly Listed[]): number {
  const atMost = items.reduce(
    (sum, { title, description }) => sum + item + widest * (title.length + (description?.length ?? 0)),
    envelope
  )
  if (atMost <= maxPageBytes) return items.length
  let bytes = envelope
  const firstBeyond = items.findIndex(({ title, description }) => {
    bytes += item + jsonBytes(title) + jsonBytes(description ?? '')
    return bytes > maxPageBytes
  })
  return firstBeyond < 0 ? items.length : firstBeyond
}
