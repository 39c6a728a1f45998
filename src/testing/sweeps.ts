import type { FastifyInstance } from 'fastify'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { Caller, TestUser } from './app.ts'
import { publicRoutes, routesOf, urlOf } from './routes.ts'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface Operation {
  name: string
  method: Method
  path: string
  scope: string | undefined
}

/** The operations of the contract that need a user, also those of HEAD. */
function operationsOf(app: FastifyInstance): Operation[] {
  const { paths = {} } = app.swagger() as OpenAPIV3_1.Document
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, OpenAPIV3_1.OperationObject & { 'x-scope'?: string }>)
      .filter(([, { security = [] }]) => security.length > 0 && security.every((scheme) => 'bearer' in scheme))
      .flatMap(([method, { 'x-scope': scope }]) =>
        (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]).map((method) => ({
          name: `${method} ${path}`,
          method: method as Method,
          path,
          scope
        }))
      )
  )
}

const filled = (path: string, id = '0193aaaa-0000-7000-8000-00000000000a') => path.replace(/\{\w+\}/g, id)

/**
 * Returns the routes that do not answer 401 without a token, besides the public ones of Gatehouse and those of the product:
 * `known`, such as `GET /api/prices`.
 */
export async function openRoutes(app: FastifyInstance, known: readonly string[] = []): Promise<string[]> {
  const open = new Set([...publicRoutes, ...known])
  const found: string[] = []
  for (const { method, path } of routesOf(app)) {
    const name = `${method} ${path}`
    if (open.has(name)) continue
    const { statusCode } = await app.inject({ method, url: urlOf(path) })
    if (statusCode !== 401) found.push(`${name}: ${statusCode}`)
  }
  return found
}

interface Belongings {
  /** Another user. */
  stranger: TestUser
  /** The owner's resource for each path of the contract with a parameter: `{ '/api/notes/{id}': '/api/notes/<id>' }`. */
  urls: Record<string, string>
  /** What to send, by operation: `{ 'PUT /api/notes/{id}': { text: 'mine' } }`. */
  bodies?: Record<string, object>
}

/**
 * Returns the operations that tell a stranger that another user's resource exists, or let them use it: those that do not
 * answer 404, with the same body as for one that does not exist. Paths without a URL are reported, too.
 */
export async function leaks(app: FastifyInstance, { stranger, urls, bodies = {} }: Belongings): Promise<string[]> {
  const ask = async ({ name, method }: Operation, url: string) => {
    const payload = bodies[name]
    const { statusCode, body } = await app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${stranger.token}`, 'x-request-id': 'the-same-for-both' },
      ...(payload && { payload })
    })
    return { statusCode, body }
  }
  const found: string[] = []
  for (const operation of operationsOf(app)) {
    const { name, path } = operation
    if (!path.includes('{') || /^\/api\/(auth|admin)\//.test(path)) continue
    const url = urls[path]
    if (url === undefined) {
      found.push(`${name}: urls has no ${path}`)
      continue
    }
    const [foreign, missing] = [await ask(operation, url), await ask(operation, filled(path))]
    if (foreign.statusCode !== 404 || foreign.body !== missing.body) found.push(`${name}: ${foreign.statusCode}`)
  }
  return found
}

/**
 * Returns the operations that a personal access token opens without their scope, or that open to one although they have no
 * scope. `scopes` are those of the product, two or more.
 */
export async function scopeFaults(app: FastifyInstance, user: TestUser, scopes: readonly string[]): Promise<string[]> {
  const found: string[] = []
  const programs = new Map<string | undefined, Caller>()
  for (const { name, method, path, scope } of operationsOf(app)) {
    const without = scopes.filter((other) => other !== scope)
    const program = programs.get(scope) ?? (await user.program(without))
    programs.set(scope, program)
    const { statusCode } = await program[method.toLowerCase() as Lowercase<Method>](filled(path))
    if (statusCode !== (scope === undefined ? 401 : 403)) found.push(`${name}: ${statusCode}`)
  }
  return found
}
