import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { GatehouseUser } from './claims.ts'
import { type Algorithm, algorithms as allAlgorithms } from './key-set.ts'
import { createKeys } from './keys.ts'
import { invalid, Refusal } from './refusals.ts'
import { checkRevocationOptions, followRevocations, type RevocationOptions } from './revocations.ts'
import { createVerifier } from './verifier.ts'

export interface GuardOptions {
  /** Gatehouse's JWT_ISSUER. */
  issuer: string
  /** Gatehouse's JWT_AUDIENCE. Tokens for another audience are refused. */
  audience: string
  /** By default the one that the issuer's metadata names (RFC 8414). Required if the issuer is not a URL. */
  jwksUrl?: string
  /** By default EdDSA and ES256. */
  algorithms?: readonly Algorithm[]
  /** Seconds that Gatehouse's clock may be ahead of this machine's; by default 60. The expiry is never extended. */
  clockTolerance?: number
  /** Allows plain HTTP to other machines. Whoever can answer there can then sign in as any user. */
  allowHttp?: boolean
  /** Follows Gatehouse's feed of revocations. Without it, an ended session's token works until it expires. */
  revocations?: RevocationOptions
  /** Milliseconds since 1970, monotonic milliseconds, and a wait, for tests. */
  clock?: () => number
  elapsed?: () => number
  pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
}

export interface Guard {
  /** Returns the user of an access token. Rejects with a Refusal. */
  verify: (token: string) => Promise<GatehouseUser>
  /** Whether the revocations are known up to now; always true without `revocations`. For a readiness probe. */
  isFresh: () => boolean
  /** The onRequest hook that sets the user, or answers 401. */
  authenticate: Hook
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => undefined

export interface GuardDecorators {
  guard: Guard
  /** The onRequest hook that sets `request.user`, or answers 401. */
  authenticate: Hook
  /** Adds the hook to every route of this scope. */
  requireUser: () => void
}

function checkOptions(options: GuardOptions): void {
  const { issuer, audience, algorithms = allAlgorithms, clockTolerance = 60, revocations } = options
  const wrong = (problem: string) => new Error(`@gatehouse/guard: ${problem}`)
  for (const [name, value] of Object.entries({ issuer, audience }))
    if (typeof value !== 'string' || value === '') throw wrong(`${name} is required`)
  if (algorithms.length === 0 || !algorithms.every((name) => allAlgorithms.includes(name)))
    throw wrong(`algorithms must be some of ${allAlgorithms.join(', ')}`)
  if (!(clockTolerance >= 0 && clockTolerance <= 300)) throw wrong('clockTolerance must be 0 to 300 seconds')
  if (revocations) checkRevocationOptions(revocations)
}

/** Returns the token of the Authorization header (RFC 6750, section 2.1). Of two headers, proxies may read the other one. */
function bearerToken({ headers: { authorization = '' }, raw: { rawHeaders } }: FastifyRequest): string {
  const count = rawHeaders.filter((name, place) => place % 2 === 0 && /^authorization$/i.test(name)).length
  if (count > 1) throw invalid('two Authorization headers')
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
  if (token) return token
  if (/^Bearer\s+\S/i.test(authorization)) throw invalid('malformed header')
  throw new Refusal('not_authenticated', authorization ? 'no bearer token' : 'no token')
}

function answer(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): void {
  request.log.info({ refusal: refusal.reason }, 'request refused')
  reply
    .code(refusal.statusCode)
    .headers({ 'cache-control': 'no-store', ...refusal.headers })
    .type('application/problem+json')
    .send(JSON.stringify(refusal.body(request.id)))
}

async function guardPlugin(app: FastifyInstance, options: GuardOptions): Promise<void> {
  checkOptions(options)
  const { clock = Date.now, elapsed = () => performance.now() } = options
  const settings = { algorithms: allAlgorithms, clockTolerance: 60, allowHttp: false, ...options }
  const keys = createKeys(settings, app.log, elapsed)
  const verify = createVerifier(settings, keys, clock)
  const surroundings = { ...settings, keys, log: app.log, clock, elapsed }
  const revocations = options.revocations && followRevocations(options.revocations, surroundings)

  function admitted(user: GatehouseUser): GatehouseUser {
    revocations?.check(user)
    return user
  }

  /** Returns the user as a promise only if the token was not verified before. */
  function identify(token: string): GatehouseUser | Promise<GatehouseUser> {
    const user = verify(token)
    return user instanceof Promise ? user.then(admitted) : admitted(user)
  }

  const authenticate: Hook = function authenticate(request, reply, done) {
    function admit(user: GatehouseUser): void {
      request.setDecorator('user', user)
      done()
    }
    function refuse(error: Error): void {
      if (error instanceof Refusal) answer(error, request, reply)
      else done(error)
    }
    try {
      const user = identify(bearerToken(request))
      if (user instanceof Promise) user.then(admit, refuse)
      else admit(user)
    } catch (error) {
      refuse(error as Error)
    }
  }

  function requireUser(this: FastifyInstance): void {
    this.addHook('onRequest', authenticate)
  }

  const isFresh = () => revocations?.isFresh() ?? true
  app.decorate('guard', { verify: async (token: string) => identify(token), isFresh, authenticate })
  app.decorate('authenticate', authenticate)
  app.decorate('requireUser', requireUser)
  app.decorateRequest('user')
  // So that the first request does not wait. If Gatehouse does not answer, the service starts nevertheless.
  app.addHook('onReady', async () => {
    await Promise.all([keys.refresh(), revocations?.start()])
  })
  app.addHook('preClose', async () => revocations?.stop())
}

/** The user of a request that has passed the hook: `request.user`, also where another package gives that another type. */
export const userOf = (request: FastifyRequest): GatehouseUser => request.getDecorator<GatehouseUser>('user')

export const guard = fp(guardPlugin, { name: '@gatehouse/guard', fastify: '5.x' })
