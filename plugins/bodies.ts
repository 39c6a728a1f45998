import { ReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { createLargeBodies, inPieces, pieceSize } from '../src/http/large-bodies.ts'

/** Bytes of all JSON that clients are slow to read, of all files in memory, and of the largest of them. */
const limits = { unread: 16 * 1024 * 1024, files: 32 * 1024 * 1024, file: 4 * 1024 * 1024 }

/** Large answers go out piece by piece and are bounded together. Small ones fit into what a socket takes at once. */
export const bodies = fp(
  async function bodies(app) {
    const streamLarge = createLargeBodies(limits.unread)
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (typeof payload !== 'string' || payload.length <= pieceSize) return done(null, payload)
      const body = Buffer.from(payload)
      reply.header('content-length', body.length)
      done(
        null,
        streamLarge(body, () => reply.raw.destroy())
      )
    })
  },
  { name: 'bodies' }
)

/**
 * An `onSend` hook that sends the files of @fastify/static from memory: however many clients do not read them, no file
 * stays open for them. The ETag, which changes with the file, is a part of the key.
 */
export function fromMemory() {
  const files = new LRUCache<string, Buffer>({ maxSize: limits.files, sizeCalculation: ({ length }) => length + 1 })

  return async function sendFromMemory(_request: FastifyRequest, reply: FastifyReply, payload: unknown) {
    if (!(payload instanceof ReadStream) || Number(reply.getHeader('content-length')) > limits.file) return payload
    const key = `${payload.path} ${reply.getHeader('etag')}`
    let body = files.get(key)
    if (body) payload.destroy()
    else {
      body = await buffer(payload)
      files.set(key, body)
    }
    return body.length > pieceSize ? inPieces(body) : body
  }
}
