import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import findMyWay from 'find-my-way'
import { problems } from '../src/http/problems.ts'
import { createUnknownPages, type WebFiles } from './web.ts'

/** Answers for URLs without a route, or whose file is gone: 405 where another method would do, else the web app's page or a 404. */
export const unknown = fp(
  async function unknown(app, files: WebFiles) {
    const sendPage = createUnknownPages(files)
    // The router that Fastify uses, asked by URL alone.
    const router = findMyWay()
    const methods = new Map<string, string[]>()

    app.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*')) return
      let allowed = methods.get(url)
      if (!allowed) {
        allowed = []
        methods.set(url, allowed)
        router.on('GET', url, () => {}, allowed)
      }
      allowed.push(...[method].flat())
    })

    async function refuse(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
      await app.limitUnknown(request, reply)
      const allowed: string[] | undefined = router.find('GET', request.url.replace(/\?.*/s, ''))?.store
      const other = allowed && !allowed.includes(request.method)
      if (other) throw problems.methodNotAllowed(allowed)
      if (await sendPage(request, reply)) return reply
      throw problems.notFound('Resource')
    }

    // Before a body is read, which could be refused for reasons of its own.
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404) return refuse(request, reply)
      done()
    })
    app.setNotFoundHandler(refuse)
  },
  { name: 'unknown', dependencies: ['limits'] }
)
