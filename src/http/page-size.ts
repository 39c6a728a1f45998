/** Bytes that the body of a page may have. */
export const maxPageBytes = 1024 * 1024
/** Bytes of a page without its items: the names, the brackets and the cursor. */
const envelope = 4 * 1024
/** The most bytes that a character takes in JSON (`\u0001`), and that an item takes besides its long texts. */
const widest = 6
const item = 1024

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
  const firstBeyond = items.findIndex((listed) => {
    bytes += Buffer.byteLength(JSON.stringify(listed)) + 1
    return bytes > maxPageBytes
  })
  return firstBeyond < 0 ? items.length : firstBeyond
}
