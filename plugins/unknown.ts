import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import findMyWay from 'find-my-way'
import { problems } from '../src/http/problems.ts'
import { createUnknownPages, type WebFiles } from './web.ts'

/** Answers unknown URLs and missing files: 405 if another method exists, else the web app's page or a 404. */
export const unknown = fp(
  async function unknown(app, files: WebFiles) {
    const sendPage = createUnknownPages(files)
    // A router like Fastify's, to look up a URL for all methods.
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

    // Before the body is parsed, which could be refused for other reasons.
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404) return refuse(request, reply)
      done()
    })
    app.setNotFoundHandler(refuse)
  },
  { name: 'unknown', dependencies: ['limits'] }
)
