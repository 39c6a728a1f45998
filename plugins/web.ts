import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { acceptsHtml, isPagePath } from '../src/http/page-requests.ts'
import { fromMemory } from './bodies.ts'
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
  const index = join(webDir, 'index.html')
  const isServed = existsSync(index)
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
    const html = await readFile(index).catch(() => undefined)
    if (!html) return false
    reply.code(isOwnWeb ? 404 : 200).type('text/html; charset=utf-8')
    reply.header('content-security-policy', policyText).header('vary', 'Origin, Accept')
    reply.header('cache-control', isOwnWeb ? 'no-store' : 'no-cache').send(html)
    return true
  }
}

/** The front end at `/`, where it has been built; without it there is only the API. */
export const web = fp(
  async function web(app, { webDir }: WebFiles) {
    if (!existsSync(join(webDir, 'index.html'))) return
    await app.register(async (scope) => {
      await usePolicy(scope, policy)
      scope.addHook('onSend', fromMemory())
      await scope.register(fastifyStatic, {
        root: webDir,
        // A route for each file that is there, but for assets: any other URL is the API's to refuse.
        wildcard: false,
        index: false,
        globIgnore: ['index.html', 'assets/**', '**/*.{br,gz}'],
        preCompressed: true,
        acceptRanges: false,
        cacheControl: false,
        setHeaders(reply, path) {
          const lasting = path.slice(webDir.length).startsWith(hashed)
          reply.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
        }
      })
      // Looked up when it is asked for: the page, which is read each time, names new ones after each build.
      scope.get<{ Params: { name: string } }>(`${hashed}:name`, { schema: { hide: true } }, (request, reply) => {
        const { name } = request.params
        return assetName.test(name) ? reply.sendFile(`assets/${name}`) : reply.callNotFound()
      })
      for (const path of pagePaths)
        scope.get(path, { schema: { hide: true } }, (_request, reply) => reply.sendFile('index.html'))
    })
  },
  { name: 'web' }
)
