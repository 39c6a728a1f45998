import { jsonBytes, widest } from '../util/json-bytes.ts'

/** Bytes that the body of a page may have. */
export const maxPageBytes = 1024 * 1024
/** Bytes of a page without its items: the names, the brackets and the cursor. */
const envelope = 4 * 1024
/** The most bytes that an item takes besides its texts. */
const item = 256

interface Listed {
  title: string
  description: string | null
}

/** How many of these items one page can hold. One always fits: a task takes 62 KB at most. */
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
