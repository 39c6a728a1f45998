import type { OpenAPIV3_1 } from 'openapi-types'
import { ref } from '../../schemas/common.ts'
import { Problem } from '../../schemas/problems.ts'

const titles: Record<number, string> = {
  400: 'The request is malformed or breaks a rule',
  401: 'No valid access token, or wrong credentials',
  403: 'The token does not allow this request',
  404: 'The resource does not exist, or belongs to another user',
  409: 'The email is taken, the first request is still in progress, or a quota is exceeded',
  412: 'The resource was changed in the meantime',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The Idempotency-Key was used for another request',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Temporarily unavailable'
}
const headers: Record<number, OpenAPIV3_1.ResponseObject['headers']> = {
  401: { 'WWW-Authenticate': { description: 'RFC 6750', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds to wait before the next attempt', schema: { type: 'integer' } } },
  503: { 'Retry-After': { description: 'Seconds to wait before the next attempt', schema: { type: 'integer' } } }
}
const content = { 'application/problem+json': { schema: { $ref: `#/components/schemas/${ref(Problem).$ref}` } } }
/** One for each status, which every operation points to. */
export const problemResponses = Object.fromEntries(
  Object.entries(titles).map(([status, description]) => [
    `Problem${status}`,
    { description, content, headers: headers[Number(status)] ?? {} }
  ])
)

const parameter = (name: string, description: string) =>
  ({ name, in: 'header', required: false, description, schema: { type: 'string' } }) as const
const header = (description: string) => ({ description, schema: { type: 'string' } }) as const

/** Headers that requests may have, as parameters of the contract. They are no schemas: a route reads them where it needs them. */
export const requestHeaders = {
  IdempotencyKey: parameter(
    'Idempotency-Key',
    '1 to 255 characters, preferably a random UUID in double quotes; kept for 24 hours. The request is carried out once. ' +
      'A repeated request gets the same response; 409 while the first is in progress; 422 if the request differs'
  ),
  IfMatch: parameter('If-Match', 'ETags, or *. The request fails with 412 unless the task still has one of them'),
  IfNoneMatch: parameter(
    'If-None-Match',
    'ETags of the versions that the client has, or *. The response is 304 if the task still has one of them'
  )
}

/** Headers of successful answers. */
export const responseHeaders = {
  ETag: header('A strong validator that changes with every change of the task'),
  Location: header('The path of the new task'),
  IdempotencyReplayed: header(
    '"true" if this is the response to an earlier request with the same Idempotency-Key; otherwise absent'
  )
}

const wireNames: Record<string, string> = { IdempotencyReplayed: 'Idempotency-Replayed' }

interface Operation extends OpenAPIV3_1.OperationObject {
  'x-takes'?: string[]
  'x-gives'?: string[]
}

/** Names an operation's headers in its parameters and in its successful answers. */
export function describeHeaders(operation: Operation): void {
  const { 'x-takes': takes = [], 'x-gives': gives = [], parameters = [], responses } = operation
  Reflect.deleteProperty(operation, 'x-takes')
  Reflect.deleteProperty(operation, 'x-gives')
  if (takes.length > 0)
    operation.parameters = [...parameters, ...takes.map((name) => ({ $ref: `#/components/parameters/${name}` }))]
  const headers = Object.fromEntries(
    gives.map((name) => [wireNames[name] ?? name, { $ref: `#/components/headers/${name}` }])
  )
  for (const [status, response] of Object.entries({ ...responses }))
    if (gives.length > 0 && /^[23]/.test(status)) Object.assign(response, { headers })
}
