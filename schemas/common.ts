import { type Static, type TSchema, Type } from '@sinclair/typebox'

/**
 * Text that PostgreSQL and UTF-8 can store: no U+0000, no lone surrogates. With the flag `u` the first class matches
 * every character; without it, as generated clients compile patterns, a character beyond U+FFFF is two surrogates.
 */
const character = '[^\\u0000\\uD800-\\uDFFF]'
const pair = '[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]'
const storable = `${character}*(?:${pair}${character}*)*`

export const id = (description: string) => Type.String({ format: 'uuid', maxLength: 36, description })
export const timestamp = (description: string) =>
  Type.String({ format: 'date-time', maxLength: 24, description: `${description} (RFC 3339, UTC, milliseconds)` })

interface TextOptions {
  minLength?: number
  conditions?: string
}

/**
 * Free text. The description is the rule, which the answer to a text that breaks it repeats. `conditions` are lookaheads
 * in the same pattern, because generators support only one.
 */
export const text = (maxLength: number, description: string, { minLength, conditions = '' }: TextOptions = {}) =>
  Type.String({ ...(minLength && { minLength }), maxLength, pattern: `^${conditions}${storable}$`, description })

/** Text that is not blank. `x-trimmed` removes blanks around it (plugins/validation.ts). */
export const filledText = (maxLength: number, description: string) =>
  Type.String({
    ...text(maxLength, `${description}; blanks around it are removed`, { minLength: 1, conditions: '(?=\\s*\\S)' }),
    'x-trimmed': true
  })

export const nullable = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

interface WordsOptions<T> {
  $id: string
  description: string
  default?: T
}

/** A named choice of words. */
export const oneOf = <const T extends string>(words: readonly T[], options: WordsOptions<T>) =>
  Type.Unsafe<T>({ type: 'string', enum: words, ...options })

/** A page of a keyset-paginated list. */
export const pageOf = <T extends TSchema>(
  item: T,
  options: { $id: string; description: string; examples: unknown[] }
) =>
  Type.Object(
    {
      items: Type.Array(item, { description: 'The page, in the order of the list' }),
      next_cursor: nullable(Type.String(), 'The cursor of the next page; null on the last page')
    },
    options
  )

/** The parameters of such a list: `pageParameters('Notes')`. */
export const pageParameters = (items: string) => ({
  limit: Type.Integer({
    format: 'int32',
    minimum: 1,
    maximum: 100,
    default: 20,
    description: `${items} in a page; a page ends early rather than exceed 1 MiB`
  }),
  cursor: Type.Optional(
    Type.String({
      maxLength: 4_096,
      description: 'The `next_cursor` of the previous page; the other parameters must stay the same'
    })
  )
})

const named = new Set<TSchema>()

/**
 * A reference to a named schema, which becomes a component of the contract. It keeps the static type, and the default,
 * which Ajv reads beside the reference only.
 */
export const ref = <T extends TSchema>(schema: T) => {
  named.add(schema)
  return Type.Unsafe<Static<T>>({
    ...Type.Ref(schema.$id as string),
    ...('default' in schema && { default: schema.default })
  })
}

/** Every referenced schema, by name. */
export const components = () => [...named].sort((a, b) => String(a.$id).localeCompare(String(b.$id)))

/** An optional body. */
export const optional = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const Message = Type.Object(
  { message: Type.String({ description: 'What was done, for people' }) },
  { $id: 'Message', description: 'A confirmation', examples: [{ message: 'Logged out' }] }
)
