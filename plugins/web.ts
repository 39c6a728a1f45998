import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { acceptsHtml, isPagePath } from '../src/http/page-requests.ts'
import { createStaticFiles } from '../src/http/static-files.ts'
import { sendFile } from './files.ts'
import { type ContentPolicy, usePolicy } from './security.ts'

/** The paths that the front end has a page for. One page serves them all; what it shows, it finds out in the browser. */
export const pagePaths = ['/', '/login', '/signup', '/profile', '/sessions', '/password', '/delete-account']

/** What the front end needs and nothing else: no inline script, no inline style, no other site. */
const policy: ContentPolicy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'manifest-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  'require-trusted-types-for': ["'script'"],
  'trusted-types': ["'none'"]
}

/** As helmet writes it, for the page that answers outside of the web app's own scope. */
const policyText = Object.entries(policy)
  .map(([name, values]) => [name, ...values].join(' '))
  .join(';')

/** Vite puts a hash of its content into the name of each file in here. */
const hashed = '/assets/'
/** No dot at the start, no slash anywhere, and one of the endings that a build gives. */
const assetName = /^\w[\w.-]*\.(js|css|svg|png|jpg|webp|woff2|json|map)$/

export interface WebFiles {
  webDir: string
  /** Whether they are Gatehouse's own web app, which knows all of its paths, and not one with paths of its own. */
  isOwnWeb: boolean
}

const withoutSlash = new Map(pagePaths.filter((path) => path !== '/').map((path) => [`${path}/`, path]))

/**
 * Answers GET and HEAD of a URL without a route, where the web app has a page for it; and tells whether it has. Our own app says
 * that there is no such page, with a 404; another app may have a route for it, so it gets its page with a 200.
 */
export function createUnknownPages({ webDir, isOwnWeb }: WebFiles) {
  const isServed = existsSync(join(webDir, 'index.html'))
  const find = createStaticFiles(webDir)
  const ranges = isOwnWeb ? ['text/html'] : ['text/html', 'text/*', '*/*']

  return async function sendUnknownPage(
    { method, url, headers }: FastifyRequest,
    reply: FastifyReply
  ): Promise<boolean> {
    if (!isServed || (method !== 'GET' && method !== 'HEAD') || !url.startsWith('/')) return false
    const path = decodeURIComponent(url.replace(/[?#].*/s, ''))
    const page = withoutSlash.get(path)
    // A path of our own list and never the client's, which could name another host (`//evil`).
    if (page) {
      reply.redirect(page + (/\?.*/s.exec(url)?.[0] ?? ''), 301)
      return true
    }
    if (!isPagePath(path) || !acceptsHtml(headers.accept ?? '*/*', ranges)) return false
    const html = (await find('index.html'))?.plain?.body
    if (!html) return false
    reply.code(isOwnWeb ? 404 : 200).type('text/html; charset=utf-8')
    reply.header('content-security-policy', policyText).header('vary', 'Origin, Accept')
    reply.header('cache-control', isOwnWeb ? 'no-store' : 'no-cache').send(html)
    return true
  }
}

/** The paths of the files that have a route of their own, from the root: all but the page and the assets. */
function ownPaths(webDir: string): string[] {
  return readdirSync(webDir, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => !/(^|\/)\.|\*|\.(br|gz)$/.test(path) && path !== 'index.html' && !`/${path}`.startsWith(hashed))
    .filter((path) => statSync(join(webDir, path), { throwIfNoEntry: false })?.isFile())
}

/** The front end at `/`, where it has been built; without it there is only the API. */
export const web = fp(
  async function web(app, { webDir }: WebFiles) {
    if (!existsSync(join(webDir, 'index.html'))) return
    const find = createStaticFiles(webDir)
    await app.register(async (scope) => {
      await usePolicy(scope, policy)
      // For files that are too large for the memory.
      await scope.register(fastifyStatic, { root: webDir, serve: false, acceptRanges: false, cacheControl: false })

      async function answer(request: FastifyRequest, reply: FastifyReply, path: string) {
        const file = await find(path)
        if (!file) return reply.callNotFound()
        const isLasting = `/${path}`.startsWith(hashed)
        reply.header('cache-control', isLasting ? 'public, max-age=31536000, immutable' : 'no-cache')
        return file.plain ? sendFile(request, reply, file, file.plain) : reply.sendFile(path)
      }

      // A route for each file that is there, but for assets: any other URL is the API's to refuse.
      for (const path of ownPaths(webDir))
        scope.get(`/${path.replaceAll(':', '::')}`, { schema: { hide: true } }, (request, reply) =>
          answer(request, reply, path)
        )
      // Looked up when it is asked for: the page, which is read each time, names new ones after each build.
      scope.get<{ Params: { name: string } }>(`${hashed}:name`, { schema: { hide: true } }, (request, reply) => {
        const { name } = request.params
        return assetName.test(name) ? answer(request, reply, `assets/${name}`) : reply.callNotFound()
      })
      for (const path of pagePaths)
        scope.get(path, { schema: { hide: true } }, (request, reply) => answer(request, reply, 'index.html'))
    })
  },
  { name: 'web' }
)
