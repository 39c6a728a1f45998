import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import negotiate from '@fastify/accept-negotiator'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { pieceSize, slices, streamOf } from '../src/http/large-bodies.ts'
import { isKnown, noContent } from '../src/http/preconditions.ts'
import type { Coding, Representation, StaticFile } from '../src/http/static-files.ts'

const inPieces = (body: Buffer) => (body.length > pieceSize ? streamOf(slices(body)) : body)

// `*` stands for gzip, as most clients have it.
function choose({ compressed }: StaticFile, accepted: string | undefined): Coding | undefined {
  const header = accepted?.toLowerCase().replaceAll('*', 'gzip')
  return (header && negotiate(header, [...compressed.keys()])) || undefined
}

/** Answers GET and HEAD with a file, or with 304 where the client has it (RFC 9110, section 13.2.2). */
export function sendFile(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  file: StaticFile,
  plain: Representation
): FastifyReply {
  const coding = choose(file, headers['accept-encoding'])
  const { body, etag } = (coding && file.compressed.get(coding)) ?? plain
  const { 'if-none-match': tags, 'if-modified-since': since = '' } = headers
  reply.header('etag', etag).header('last-modified', new Date(file.modified).toUTCString())
  reply.header('vary', 'Origin, Accept-Encoding')
  if (tags === undefined ? Date.parse(since) >= file.modified : isKnown(tags, etag))
    return reply.code(304).send(noContent())
  if (coding) reply.header('content-encoding', coding)
  reply.header('content-type', file.type).header('content-length', body.length)
  return reply.send(inPieces(body))
}

const maxRememberedBytes = 8 * 1024 * 1024
const rememberedHeaders = ['content-type', 'cache-control', 'etag', 'last-modified']

/** For a scope whose answers to GET stay the same while the process runs. */
export function rememberAnswers(scope: FastifyInstance): void {
  const answers = new LRUCache<string, { headers: Record<string, string>; body: Buffer }>({
    maxSize: maxRememberedBytes,
    sizeCalculation: ({ body }, url) => body.length + url.length + 500
  })
  const keyOf = ({ url }: FastifyRequest) => url.replace(/\?.*/s, '')

  scope.addHook('onRequest', async (request, reply) => {
    const known = answers.get(keyOf(request))
    if (!known) return
    reply.headers(known.headers)
    if (isKnown(request.headers['if-none-match'], known.headers.etag ?? '')) return reply.code(304).send(noContent())
    return reply.header('content-length', known.body.length).send(inPieces(known.body))
  })
  scope.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || answers.has(keyOf(request))) return payload
    const body = payload instanceof Readable ? await buffer(payload) : Buffer.from(payload as string | Buffer)
    const headers = rememberedHeaders.flatMap((name) =>
      reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : []
    )
    answers.set(keyOf(request), { headers: Object.fromEntries(headers), body })
    return inPieces(body)
  })
}
