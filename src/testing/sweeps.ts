import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Caller, TestApp, TestUser } from './app.ts'
import { countCauses } from './causes.ts'
import { bodyFor, stumbles } from './fuzz.ts'
import { hostileLike, kinds } from './hostile.ts'
import { filled, isOfProduct, type Method, type Operation, operationsIn } from './operations.ts'
import { publicRoutes, type Route, routesOf, urlOf } from './routes.ts'

const tries = 10

/** Asks again after a 503, which a busy machine causes: first after `pause` milliseconds, each time after `pause` more. */
async function patiently<Answer extends { statusCode: number }>(
  ask: () => Promise<Answer>,
  pause = 100
): Promise<Answer> {
  let answer = await ask()
  for (let n = 1; answer.statusCode === 503 && n < tries; n += 1) {
    await sleep(pause * n)
    answer = await ask()
  }
  return answer
}

/** Every route besides the public ones of Gatehouse and those of the product. */
function closedRoutes(app: FastifyInstance, known: readonly string[]): Route[] {
  const open = new Set([...publicRoutes, ...known])
  return routesOf(app).filter(({ method, path }) => !open.has(`${method} ${path}`))
}

/**
 * Returns the routes that do not answer 401 without a token, besides the public ones of Gatehouse and those of the product:
 * `known`, such as `GET /api/prices`.
 */
export async function openRoutes(app: FastifyInstance, known: readonly string[] = []): Promise<string[]> {
  const found: string[] = []
  for (const { method, path } of closedRoutes(app, known)) {
    const { statusCode } = await patiently(() => app.inject({ method, url: urlOf(path) }))
    if (statusCode !== 401) found.push(`${method} ${path}: ${statusCode}`)
  }
  return found
}

/**
 * Returns the routes that a hostile token opens: those that do not answer 401 to tokens which are like the user's, with one thing
 * wrong (RFC 8725). `known` are the public routes of the product.
 */
export async function tokenFaults(
  { app, config }: Pick<TestApp, 'app' | 'config'>,
  user: Pick<TestUser, 'token'>,
  known: readonly string[] = []
): Promise<string[]> {
  const [secret = { kid: '', secret: '' }] = config.secrets
  const tokens = Object.entries(hostileLike(user.token, secret))
  const causes = countCauses()
  for (const [i, { method, path }] of closedRoutes(app, known).entries())
    for (const [name, token] of tokens) {
      if (i > 0 && !kinds.includes(name)) continue
      const headers = { authorization: `Bearer ${token}` }
      const { statusCode } = await patiently(() => app.inject({ method, url: urlOf(path), headers }))
      if (statusCode !== 401) causes.add(`${method} ${path}: ${statusCode}`, `a token with ${name}`)
    }
  return causes.list()
}

interface Belongings {
  /** Another user. */
  stranger: Pick<TestUser, 'token' | 'id'>
  /** The owner's resource for each path of the contract with a parameter: `{ '/api/notes/{id}': '/api/notes/<id>' }`. */
  urls: Record<string, string>
  /** What to send, by operation: `{ 'PUT /api/notes/{id}': { text: 'mine' } }`. By default what the contract has. */
  bodies?: Record<string, object>
  /** Milliseconds until an operation that answered 503 is tried again for the first time. */
  pause?: number
}

/**
 * Returns the operations that tell a stranger that another user's resource exists, or let them use it: those that do not
 * answer 404 (or 403, where the path names a user), with the same body as for one that does not exist. Paths without a URL are reported, too.
 */
export async function leaks(
  app: FastifyInstance,
  { stranger, urls, bodies = {}, pause }: Belongings
): Promise<string[]> {
  const ask = async (operation: Operation, url: string) => {
    const { method } = operation
    const payload = bodyFor(app, operation, bodies)
    const request = {
      method,
      url,
      headers: { authorization: `Bearer ${stranger.token}`, 'x-request-id': 'the-same-for-both' },
      ...(payload !== undefined && { payload: payload as object })
    }
    const { statusCode, body } = await patiently(() => app.inject(request), pause)
    return { statusCode, body }
  }
  const found: string[] = []
  for (const operation of operationsIn(app)) {
    const { name, path, isProtected } = operation
    if (!isProtected || !path.includes('{') || /^\/api\/(auth|admin)\//.test(path)) continue
    const url = urls[path]
    if (url === undefined) {
      found.push(`${name}: urls has no ${path}`)
      continue
    }
    const [foreign, missing] = [await ask(operation, url), await ask(operation, filled(path))]
    const isRefused = foreign.statusCode === 404 || foreign.statusCode === 403
    if (!isRefused || foreign.body !== missing.body) found.push(`${name}: ${foreign.statusCode}`)
  }
  return found
}

/**
 * Returns the operations that a personal access token opens without their scope, or that open to one although they have no
 * scope. `scopes` are those of the product. Of a product with one scope, only the operations without it are tried.
 */
export async function scopeFaults(
  app: FastifyInstance,
  user: Pick<TestUser, 'program'>,
  scopes: readonly string[]
): Promise<string[]> {
  const found: string[] = []
  const programs = new Map<string | undefined, Caller>()
  for (const { name, method, path, scope, isProtected } of operationsIn(app)) {
    const without = scopes.filter((other) => other !== scope)
    if (!isProtected || without.length === 0) continue
    const program = programs.get(scope) ?? (await user.program(without))
    programs.set(scope, program)
    const call = program[method.toLowerCase() as Lowercase<typeof method>]
    const { statusCode } = await patiently(() => call(filled(path)))
    if (statusCode !== (scope === undefined ? 401 : 403)) found.push(`${name}: ${statusCode}`)
  }
  return found
}

/**
 * Returns the routes with a limit that lets more requests of one address pass than it says, or that stops other addresses. Build
 * the kit with limits: `settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_AUTH: '3' }`.
 */
export async function limitFaults(
  { app, config }: Pick<TestApp, 'app' | 'config'>,
  user: Pick<TestUser, 'token'>
): Promise<string[]> {
  const { enabled, auth } = config.rateLimit
  if (!enabled) return ['the limits are off: RATE_LIMIT_ENABLED']
  const found: string[] = []
  for (const { method, url } of app.limitedRoutes.filter(({ url }) => isOfProduct({ path: url }))) {
    const headers = { authorization: `Bearer ${user.token}` }
    const ask = (remoteAddress: string) =>
      app.inject({ method: method as Method, url: urlOf(url), headers, remoteAddress })
    const statuses: number[] = []
    for (let i = 0; i <= auth; i += 1) statuses.push((await ask('192.0.2.1')).statusCode)
    const other = await ask('192.0.2.2')
    if (statuses.indexOf(429) !== auth || other.statusCode === 429)
      found.push(`${method} ${url}: ${[...statuses, other.statusCode].join(', ')}`)
  }
  return found
}

interface Target {
  /** Whose resources the URLs name. They may be changed and deleted. */
  owner: TestUser
  /** The scopes of the product. */
  scopes?: readonly string[] | undefined
  /** A resource of the owner for each path of the contract with a parameter: `{ '/api/notes/{id}': '/api/notes/<id>' }`. */
  urls?: Record<string, string>
  /** What to send, by operation. By default the example in its schema, or what the schema allows. */
  bodies?: Record<string, object>
  /** Public routes on purpose: `GET /api/prices`. */
  open?: readonly string[]
}

/**
 * Attacks every route of a product, also those that are added later, and returns what is wrong, each cause once: routes that need no token, open to
 * hostile tokens, to programs without their scope or to strangers, and requests that get a 5xx or an answer that the contract
 * does not have.
 */
export async function attack(test: TestApp, target: Target): Promise<string[]> {
  const { owner, scopes = [], urls = {}, bodies = {}, open = [] } = target
  const { app, signUp } = test
  const known = open.flatMap((route) => [route, route.replace(/^GET /, 'HEAD ')])
  const [stranger, victim, admin] = [await signUp(), await signUp(), await signUp({ admin: true })]
  const isAdmins = ({ path }: Operation) => path.startsWith('/api/admin/')
  const tokenFor = (operation: Operation) =>
    operation.isProtected ? (isAdmins(operation) ? admin : owner).token : undefined
  return [
    ...(await openRoutes(app, known)).map((fault) => `without a token: ${fault}`),
    ...(await tokenFaults(test, victim, known)).map((fault) => `hostile token: ${fault}`),
    ...(await leaks(app, { stranger, urls, bodies })).map((fault) => `another user: ${fault}`),
    ...(await scopeFaults(app, owner, scopes)).map((fault) => `another scope: ${fault}`),
    ...(await stumbles(test, operationsIn(app).filter(isOfProduct), { tokenFor, urls, bodies }))
  ]
}
