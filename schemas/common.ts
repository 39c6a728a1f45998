import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** What PostgreSQL and UTF-8 cannot hold: U+0000 and lone surrogates. */
const forbidden = '\\u0000\\uD800-\\uDFFF'

export const Id = Type.String({ format: 'uuid' })
export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds' })

/** Free text. */
export const text = (maxLength: number, description: string) =>
  Type.String({ maxLength, pattern: `^[^${forbidden}]*$`, description })

/** Text that says something: not empty, not only blanks. */
export const filledText = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: `^\\s*[^\\s${forbidden}][^${forbidden}]*$`, description })

/** One of a few words. */
export const oneOf = <const T extends string>(
  words: readonly T[],
  options: { default?: T; description?: string } = {}
) => Type.Unsafe<T>({ type: 'string', enum: words, ...options })

/** A page of a keyset-paginated list; `next_cursor` is null on the last one. */
export const pageOf = <T extends TSchema>(item: T, $id: string) =>
  Type.Object({ items: Type.Array(item), next_cursor: Type.Union([Type.String(), Type.Null()]) }, { $id })

const named = new Set<TSchema>()

/** A reference to a named schema, which so becomes a component of the contract; it keeps its static type. */
export const ref = <T extends TSchema>(schema: T) => {
  named.add(schema)
  return Type.Unsafe<Static<T>>(Type.Ref(schema.$id as string))
}

/** Every schema that something refers to, by name. */
export const components = () => [...named].sort((a, b) => String(a.$id).localeCompare(String(b.$id)))

/** A body that may be left out. */
export const optional = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const Message = Type.Object({ message: Type.String() }, { $id: 'Message' })
