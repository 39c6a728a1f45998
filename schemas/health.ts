import { type Static, Type } from '@sinclair/typebox'

export const Health = Type.Object(
  {
    status: Type.Literal('ok'),
    database: Type.Optional(Type.Literal('ok')),
    revocation_staleness_ms: Type.Optional(
      Type.Integer({
        description: 'how long ago this process last asked for revoked tokens; past 5000 it believes no token'
      })
    )
  },
  { $id: 'Health' }
)
export type Health = Static<typeof Health>
