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
export const problemResponses = Object.fromEntries(
  Object.entries(titles).map(([status, description]) => [
    `Problem${status}`,
    { description, content, headers: headers[Number(status)] ?? {} }
  ])
)
