import { type Static, Type } from '@sinclair/typebox'

export const Health = Type.Object(
  {
    status: Type.Literal('ok', { description: 'Always `ok`; a service that does not work answers 503' }),
    database: Type.Optional(Type.Literal('ok', { description: 'The database answers; absent where it is not asked' })),
    revocation_staleness_ms: Type.Optional(
      Type.Integer({
        description: 'Milliseconds since this process last read the revocations; above 5,000 it accepts no token'
      })
    )
  },
  {
    $id: 'Health',
    description: 'The state of a service that works',
    examples: [{ status: 'ok', database: 'ok', revocation_staleness_ms: 120 }]
  }
)
export type Health = Static<typeof Health>
