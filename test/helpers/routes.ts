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
