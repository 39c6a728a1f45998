import type { OpenAPIV3_1 } from 'openapi-types'
import { ref } from '../../schemas/common.ts'
import { Problem } from '../../schemas/problems.ts'

const titles: Record<number, string> = {
  400: 'The request is malformed or breaks a rule',
  401: 'No valid access token, or wrong credentials',
  403: 'Not yours',
  404: 'Not there, or not yours',
  409: 'Taken already, still in progress, or over a quota',
  412: 'Changed in the meantime',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The key was used for another request',
  429: 'Too many requests',
  500: 'A fault of ours',
  503: 'Temporarily unavailable'
}
const headers: Record<number, OpenAPIV3_1.ResponseObject['headers']> = {
  401: { 'WWW-Authenticate': { description: 'RFC 6750', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } },
  503: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } }
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
    '1 to 255 characters, best a random UUID in double quotes, kept for 24 hours. The request is carried out once; sent ' +
      'again it gets the same answer: 409 while the first is in progress, 422 for another request under the same key'
  ),
  IfMatch: parameter('If-Match', 'ETags, one of which the task must still have (412 if not), or *'),
  IfNoneMatch: parameter('If-None-Match', 'ETags of what the client has, or *; 304 if that is still so')
}

/** Headers of successful answers. */
export const responseHeaders = {
  ETag: header('Strong: changes with every change of the task'),
  Location: header('Where the task is'),
  IdempotencyReplayed: header('"true" for the answer to an earlier request with this Idempotency-Key; else left out')
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
