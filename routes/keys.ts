import { Type } from '@sinclair/typebox'
import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { AuthorizationServer, KeySet } from '../schemas/keys.ts'
import { isKnown, type NoContent, noContent } from '../src/http/preconditions.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['keys']
const path = '/.well-known/jwks.json'
const metadataPath = '/.well-known/oauth-authorization-server'

const keySet = {
  operationId: 'getKeySet',
  tags,
  summary: 'The public keys that verify access tokens',
  description:
    'A key is here at least ten minutes before it signs, and until its last token has expired. Keep the answer for as long as ' +
    '`Cache-Control` says, and fetch it again for a token with an unknown `kid`, at most once in 30 seconds.',
  response: {
    200: answer('The keys', Type.Unsafe<Buffer>(ref(KeySet)), 'ETag', 'Cache-Control'),
    304: answer('The client has the current keys', Type.Unsafe<NoContent>(Type.Null()), 'ETag', 'Cache-Control')
  }
}
const metadata = {
  operationId: 'getAuthorizationServer',
  tags,
  summary: 'The issuer, its keys and its algorithms',
  description: 'For libraries that find the keys by themselves (RFC 8414).',
  response: { 200: answer('The metadata', ref(AuthorizationServer)) }
}

interface Options {
  issuer: string
  signingAlgorithm: string
}

/** What others need to verify our access tokens. */
export const keyRoutes: Routes<Options> = async function keyRoutes(app, { issuer, signingAlgorithm }) {
  const url = /^https?:\/\//.test(issuer) && URL.canParse(issuer) ? new URL(issuer) : undefined

  app.get(path, { schema: keySet }, (request, reply) => {
    const { body, etag } = app.signingKeys.published()
    reply.header('cache-control', 'public, max-age=300').header('etag', etag)
    if (isKnown(request.headers['if-none-match'], etag)) reply.code(304).send(noContent())
    else reply.type('application/json; charset=utf-8').header('content-length', body.length).send(body)
  })

  const describe = (request: { protocol: string; host: string }) => ({
    issuer,
    jwks_uri: `${url?.origin ?? `${request.protocol}://${request.host}`}${path}`,
    response_types_supported: ['none'],
    access_token_signing_alg_values_supported: [
      ...new Set([signingAlgorithm, ...app.signingKeys.published().algorithms])
    ]
  })
  app.get(metadataPath, { schema: metadata }, describe)

  // RFC 8414, section 3.1: clients insert the well-known part between the host and the path of the issuer.
  const [issuerPath] = /^(\/[\w.~-]+)+(?=\/?$)/.exec(url?.pathname ?? '') ?? []
  if (issuerPath) app.get(`${metadataPath}${issuerPath}`, { schema: { ...metadata, hide: true } }, describe)
}
