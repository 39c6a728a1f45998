import { type Static, Type } from '@sinclair/typebox'

export const Health = Type.Object(
  { status: Type.Literal('ok'), database: Type.Optional(Type.Literal('ok')) },
  { $id: 'Health' }
)
export type Health = Static<typeof Health>
