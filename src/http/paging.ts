import type { Cursors } from './cursors.ts'

interface Asked {
  /** What the list depends on: the user, its name, the filters and the order. A cursor is valid for the same only. */
  query: readonly unknown[]
  cursor: string | undefined
}

/** A page of a keyset-paginated list, with an opaque cursor for the next one. Throws `validation_failed` for another list's cursor. */
export async function keysetPage<Item, Position extends object>(
  cursors: Cursors,
  { query, cursor }: Asked,
  list: (after: Position | undefined) => Promise<{ items: Item[]; next: Position | undefined }>
): Promise<{ items: Item[]; next_cursor: string | null }> {
  const name = () => JSON.stringify(query)
  const { items, next } = await list(cursor === undefined ? undefined : cursors.open<Position>(name(), cursor))
  return { items, next_cursor: next ? cursors.seal(name(), next) : null }
}
