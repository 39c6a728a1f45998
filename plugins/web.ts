import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { acceptsHtml, isPagePath } from '../src/http/page-requests.ts'
import { createStaticFiles } from '../src/http/static-files.ts'
import { createShowing, type Shown } from '../src/http/web-app.ts'
import { sendFile } from './files.ts'
import { type ContentPolicy, usePolicy } from './security.ts'

// One page serves them all and routes in the browser.
export const pagePaths = [
  '/',
  '/login',
  '/signup',
  '/forgot',
  '/reset',
  '/verify',
  '/confirm',
  '/cancel',
  '/profile',
  '/security',
  '/authenticator',
  '/recovery-codes',
  '/sessions',
  '/tokens',
  '/activity',
  '/password',
  '/delete-account',
  '/users',
  '/user',
  '/audit'
]

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

/** Formatted like helmet's, for the page that is sent outside of the web app's scope. */
const policyText = Object.entries(policy)
  .map(([name, values]) => [name, ...values].join(' '))
  .join(';')

// Vite puts a hash of the content into these file names.
const hashed = '/assets/'
const assetName = /^\w[\w.-]*\.(js|css|svg|png|jpg|webp|woff2|json|map)$/

export interface WebFiles extends Shown {
  webDir: string
  /** Whether the files are Gatehouse's own web app, whose paths are known, or another app with its own routes. */
  isOwnWeb: boolean
}

const withoutSlash = new Map(pagePaths.filter((path) => path !== '/').map((path) => [`${path}/`, path]))

/** Sends the web app's page for an unknown URL: with a 404, or a 200 where another app may have a route for it. */
export function createUnknownPages({ webDir, isOwnWeb, ...shown }: WebFiles) {
  const isServed = existsSync(join(webDir, 'index.html'))
  const find = createStaticFiles(webDir, { change: createShowing(shown) })
  const ranges = isOwnWeb ? ['text/html'] : ['text/html', 'text/*', '*/*']

  return async function sendUnknownPage(
    { method, url, headers }: FastifyRequest,
    reply: FastifyReply
  ): Promise<boolean> {
    if (!isServed || (method !== 'GET' && method !== 'HEAD') || !url.startsWith('/')) return false
    const path = decodeURIComponent(url.replace(/[?#].*/s, ''))
    const page = withoutSlash.get(path)
    // A path of our own list, because the client's could name another host (`//evil`).
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

function ownPaths(webDir: string): string[] {
  return readdirSync(webDir, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => !/(^|\/)\.|\*|\.(br|gz)$/.test(path) && path !== 'index.html' && !`/${path}`.startsWith(hashed))
    .filter((path) => statSync(join(webDir, path), { throwIfNoEntry: false })?.isFile())
}

/** Not refused under pressure: a refusal costs as much, and leaves a blank page. */
const options = { schema: { hide: true }, config: { pressureHandler: () => {} } }

export const web = fp(
  async function web(app, { webDir, isOwnWeb, ...shown }: WebFiles) {
    if (!existsSync(join(webDir, 'index.html'))) return
    const find = createStaticFiles(webDir, { change: createShowing(shown) })
    await app.register(async (scope) => {
      await usePolicy(scope, policy)
      // For files that are too large to keep in memory.
      await scope.register(fastifyStatic, { root: webDir, serve: false, acceptRanges: false, cacheControl: false })

      async function answer(request: FastifyRequest, reply: FastifyReply, path: string) {
        const file = await find(path)
        if (!file) return reply.callNotFound()
        const isLasting = `/${path}`.startsWith(hashed)
        reply.header('cache-control', isLasting ? 'public, max-age=31536000, immutable' : 'no-cache')
        return file.plain ? sendFile(request, reply, file, file.plain) : reply.sendFile(path)
      }

      // One route for each file except assets, so that other URLs are refused by the API.
      for (const path of ownPaths(webDir))
        scope.get(`/${path.replaceAll(':', '::')}`, options, (request, reply) => answer(request, reply, path))
      // Looked up per request, because each build has new names.
      scope.get<{ Params: { name: string } }>(`${hashed}:name`, options, (request, reply) => {
        const { name } = request.params
        return assetName.test(name) ? answer(request, reply, `assets/${name}`) : reply.callNotFound()
      })
      for (const path of pagePaths) scope.get(path, options, (request, reply) => answer(request, reply, 'index.html'))
      // Password managers open it (W3C, A Well-Known URL for Changing Passwords). Another app has its own page.
      if (isOwnWeb)
        scope.get('/.well-known/change-password', options, (_request, reply) => reply.redirect('/password', 302))
    })
  },
  { name: 'web' }
)
