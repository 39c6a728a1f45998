import { type Static, Type } from '@sinclair/typebox'

export const Health = Type.Object(
  {
    status: Type.Literal('ok'),
    database: Type.Optional(Type.Literal('ok')),
    revocation_staleness_ms: Type.Optional(
      Type.Integer({
        description: 'milliseconds since this process last read the revocations; above 5,000 it accepts no token'
      })
    )
  },
  { $id: 'Health' }
)
export type Health = Static<typeof Health>
