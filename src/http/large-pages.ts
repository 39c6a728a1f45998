import { jsonBytes } from '../util/json-bytes.ts'
import { type Pieces, pieceSize } from './large-bodies.ts'

interface Listed {
  title: string
  description: string | null
}

interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

const charactersOf = (items: readonly Listed[]): number =>
  items.reduce((sum, { title, description }) => sum + title.length + (description?.length ?? 0), 0)

export const isLarge = ({ items }: Page<Listed>): boolean => charactersOf(items) > pieceSize

/** A large page as JSON, an item a piece: a page that its client does not read takes no more memory than its rows. */
export function pageInPieces<Item extends Listed>(
  { items, next_cursor }: Page<Item>,
  serialize: (item: Item) => string
): Pieces {
  const end = `],"next_cursor":${JSON.stringify(next_cursor)}}`
  const bytesOf = (item: Item) => {
    const { title, description } = item
    const shell = serialize({ ...item, title: '', description: description === null ? null : '' })
    return shell.length + jsonBytes(title) + jsonBytes(description ?? '')
  }

  function* pieces() {
    for (const [i, item] of items.entries()) yield Buffer.from((i === 0 ? '{"items":[' : ',') + serialize(item))
    yield Buffer.from(end)
  }
  const start = '{"items":['.length + items.length - 1
  const length = items.reduce((sum, item) => sum + bytesOf(item), start + end.length)
  return { length, memory: Math.min(length, 2 * charactersOf(items)), pieces: pieces() }
}
