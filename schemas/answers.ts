import { type Static, type TSchema, Type } from '@sinclair/typebox'

const headers = {
  ETag: Type.String({
    maxLength: 26,
    description: 'A strong validator that changes with every change of the content'
  }),
  'Cache-Control': Type.String({ maxLength: 100, description: 'For how long everybody may keep the answer' }),
  Location: Type.String({ format: 'uri-reference', maxLength: 512, description: 'The path of the new resource' }),
  'Idempotency-Replayed': Type.Literal('true', {
    description:
      'Says "true" if this is the response to an earlier request with the same Idempotency-Key; otherwise absent'
  })
}

/** A response in its own words and with its headers, which @fastify/swagger documents and the serializer ignores. */
export const answer = <T extends TSchema>(description: string, schema: T, ...names: (keyof typeof headers)[]) =>
  Type.Unsafe<Static<T>>({
    ...schema,
    description,
    ...(names.length > 0 && { headers: Object.fromEntries(names.map((name) => [name, headers[name]])) })
  })

/** A response without a body. */
export const nothing = (description: string) => answer(description, Type.Null())
