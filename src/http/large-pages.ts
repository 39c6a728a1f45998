import { charactersOf, type Texts, textBytes } from '../repositories/page-size.ts'
import { type BodyStream, type Pieces, pieceSize } from './large-bodies.ts'

interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

export const isLarge = ({ items }: Page<object>, texts: Texts): boolean => charactersOf(items, texts) > pieceSize

/** A large page as JSON, an item a piece: a page that its client does not read takes no more memory than its rows. */
export function pageInPieces<Item extends object>(
  { items, next_cursor }: Page<Item>,
  texts: Texts,
  serialize: (item: Item) => string
): Pieces {
  const end = `],"next_cursor":${JSON.stringify(next_cursor)}}`
  const bytesOf = (item: Item) => {
    const shell = { ...(item as Record<string, unknown>) }
    for (const name in texts) if (typeof shell[name] === 'string') shell[name] = ''
    return Buffer.byteLength(serialize(shell as Item)) + textBytes(item, texts)
  }

  function* pieces() {
    for (const [i, item] of items.entries()) yield Buffer.from((i === 0 ? '{"items":[' : ',') + serialize(item))
    yield Buffer.from(end)
  }
  const start = '{"items":['.length + items.length - 1
  const length = items.reduce((sum, item) => sum + bytesOf(item), start + end.length)
  return { length, memory: Math.min(length, 2 * charactersOf(items, texts)), pieces: pieces() }
}

interface Reply {
  inPieces: (body: Pieces) => BodyStream
  serializeInput: (item: Record<string, unknown>, schema: Record<string, unknown>) => string
}

/** The payload of a page: streamed if its texts are long. `item` is the schema of an item. */
export const sendPage = <Item extends object>(
  reply: Reply,
  page: Page<Item>,
  { item, texts }: { item: Record<string, unknown>; texts: Texts }
): Page<Item> | BodyStream =>
  isLarge(page, texts)
    ? reply.inPieces(pageInPieces(page, texts, (each) => reply.serializeInput(each as Record<string, unknown>, item)))
    : page
