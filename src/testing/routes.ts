import type { FastifyInstance } from 'fastify'

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  path: string
}

/** Every route of the app; `:name` is a parameter. */
export function routesOf(app: FastifyInstance): Route[] {
  const parents: string[] = []
  const routes: Route[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, branch = '', path = '', methods = ''] = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? []
    const depth = branch.length / 4
    parents.splice(depth, parents.length, path)
    for (const method of methods.split(', ').filter(Boolean))
      routes.push({ method: method as Route['method'], path: parents.join('') })
  }
  return routes
}

/** A URL that matches such a path. */
export const urlOf = (path: string) => path.replace(/:\w+/g, '0193aaaa-0000-7000-8000-00000000000a')

const open = [
  ...['/health', '/health/live', '/health/ready', '/openapi.json', '/openapi.yaml'],
  ...['/docs', '/docs/', '/docs/static/index.html', '/docs/static/swagger-initializer.js'],
  ...['page.css', 'page.js', 'icon.svg'].map((name) => `/docs/static/theme/${name}`),
  ...['/docs/*', '/docs/json', '/docs/yaml'],
  ...['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']
].flatMap((path) => [`GET ${path}`, `HEAD ${path}`])
const credentials = [
  'register',
  'login',
  'login/second-factor',
  'refresh',
  'password/forgot',
  'password/reset',
  'email/verify',
  'email/confirm',
  'email/cancel',
  'passkeys/login',
  'passkeys/login/options'
].map((name) => `POST /api/auth/${name}`)

/** The public routes of Gatehouse. Every other route of ours needs a token. */
export const publicRoutes: readonly string[] = [...open, ...credentials, 'OPTIONS *']
