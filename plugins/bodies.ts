import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { createLargeBodies, type Pieces, pieceSize, piecesOf } from '../src/http/large-bodies.ts'

declare module 'fastify' {
  interface FastifyReply {
    inPieces: (body: Pieces) => Readable
  }
}

const mebibyte = 1024 * 1024
const unread = { soft: 16 * mebibyte, hard: 48 * mebibyte }

interface Promised {
  type?: unknown
}

/** The error of a handler that returned nothing where its schema promises a body: most likely it lacks a `return`. */
function emptyAnswer(
  { method, routeOptions: { url, schema } }: FastifyRequest,
  { statusCode }: FastifyReply
): Error | undefined {
  const promised = (schema?.response as Record<string | number, Promised> | undefined)?.[statusCode]
  if (!promised || promised.type === 'null') return
  return new Error(`${method} ${url} returned nothing, and promises a body`)
}

/** Streams large answers, which share one memory limit. Small ones fit into a socket's buffer. */
export const bodies = fp(
  async function bodies(app) {
    const streamLarge = createLargeBodies(unread)

    function inPieces(this: FastifyReply, body: Pieces): Readable {
      this.header('content-type', 'application/json; charset=utf-8').header('content-length', body.length)
      return streamLarge(body, () => this.raw.destroy())
    }

    app.decorateReply('inPieces', inPieces)
    app.addHook('onSend', (request, reply, payload, done) => {
      const error = payload === undefined && emptyAnswer(request, reply)
      if (error) return done(error)
      if (typeof payload !== 'string' || payload.length <= pieceSize) return done(null, payload)
      const body = Buffer.from(payload)
      reply.header('content-length', body.length)
      done(
        null,
        streamLarge(piecesOf(body), () => reply.raw.destroy())
      )
    })
  },
  { name: 'bodies' }
)
