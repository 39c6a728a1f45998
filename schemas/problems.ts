import { type Static, Type } from '@sinclair/typebox'
import { ref } from './common.ts'

export const FieldError = Type.Object({ pointer: Type.String(), message: Type.String() }, { $id: 'FieldError' })

/** Problem details (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    request_id: Type.String(),
    errors: Type.Optional(Type.Array(ref(FieldError)))
  },
  { $id: 'Problem' }
)
export type Problem = Static<typeof Problem>
