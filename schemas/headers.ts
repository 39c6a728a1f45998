import { Type } from '@sinclair/typebox'

/** Node's limit for all headers of a request. */
const maxLength = 16_384

const optionalHeader = <Name extends string>(name: Name, description: string) =>
  Type.Object({ [name]: Type.Optional(Type.String({ maxLength, description })) })

export const IdempotencyKey = optionalHeader(
  'Idempotency-Key',
  '1 to 255 characters, preferably a random UUID in double quotes; kept for 24 hours. The request is carried out once. ' +
    'A repeated request gets the same response; 409 while the first is in progress; 422 if the request differs'
)
export const IfMatch = optionalHeader(
  'If-Match',
  'ETags, or *. The request fails with 412 unless the resource still has one of them'
)
export const IfNoneMatch = optionalHeader(
  'If-None-Match',
  'ETags of the versions that the client has, or *. The response is 304 if the resource still has one of them'
)
