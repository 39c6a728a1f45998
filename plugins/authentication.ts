import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { ownScopes } from '../schemas/personal-tokens.ts'
import type { Auth, User } from '../src/auth/auth.ts'
import { prefix } from '../src/auth/personal-tokens/token-text.ts'
import type { AccessToken } from '../src/auth/tokens/claims.ts'
import { problems } from '../src/http/problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The onRequest hook that identifies the user. Throws the 401 of the contract. */
    authenticate: (request: FastifyRequest, reply: FastifyReply, done: () => void) => Promise<void> | undefined
    requireUser: () => void
    /** The same for users whose role is `admin`, by an access token of ours. Others get 403. */
    requireAdmin: () => void
    revocations: Auth['revocations']
    signingKeys: Auth['signingKeys']
  }
  interface FastifySchema {
    /**
     * Requires that the user has proved who they are within the last ten minutes (RFC 9470), with the second factor of users
     * who have one. `second-factor`: only of these users. `or-fresh-token`: another issuer's user needs a token that was issued
     * within five minutes, instead of being refused. Fails closed on a public route.
     */
    stepUp?: boolean | 'second-factor' | 'or-fresh-token'
    /** The scope with which personal access tokens may use the route. Without one it refuses all of them. */
    scope?: string
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    user: User
  }
}

/** Returns the token of an Authorization header (RFC 6750, section 2.1). */
function bearerToken(authorization = ''): string {
  const token = authorization.startsWith('Bearer ') && authorization.slice(7)
  if (token && !token.includes(' ')) return token
  const [, rare] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
  if (rare) return rare
  if (/^Bearer\s+\S/i.test(authorization)) throw problems.invalidToken('malformed header')
  throw problems.notAuthenticated(authorization ? 'no bearer token' : 'no token')
}

/** Nothing that decides about the account itself takes a token that a program keeps. */
function checkScope({ url, schema }: { url: string; schema?: FastifySchema }, scopes: readonly string[]): void {
  if (schema?.scope && !scopes.includes(schema.scope))
    throw new Error(`${url} has the scope ${schema.scope}, which is none of ${scopes.join(', ')}`)
  if (schema?.scope && (schema.stepUp || /^\/api\/(auth|admin)(\/|$)/.test(url)))
    throw new Error(`${url} must not take personal access tokens`)
}

type Options = Pick<
  Auth,
  'identify' | 'personalTokens' | 'revocations' | 'signingKeys' | 'sessions' | 'stepUps' | 'stop'
> & {
  /** Scopes of the product. */
  scopes: readonly string[]
}

export const authentication = fp(
  async function authentication(
    app,
    { identify, personalTokens, revocations, signingKeys, sessions, stepUps, stop, scopes }: Options
  ) {
    const allScopes = [...scopes, ...ownScopes]

    function admit(request: FastifyRequest, user: User | undefined): void {
      if (!user) throw problems.invalidToken('signature')
      if (user.token.sessionId) sessions.use(user.token.sessionId)
      request.user = user
    }

    async function authenticateProgram(request: FastifyRequest, text: string): Promise<void> {
      const scope = request.routeOptions.schema?.scope
      if (!scope) throw problems.invalidToken('a personal access token, which this route refuses')
      request.user = await personalTokens.identify(text, scope, request.client)
    }

    function authenticate(request: FastifyRequest, _reply: FastifyReply, done: () => void): Promise<void> | undefined {
      const text = bearerToken(request.headers.authorization)
      if (text.startsWith(prefix)) return authenticateProgram(request, text)
      const user = identify(text)
      if (user instanceof Promise) return user.then((user) => admit(request, user))
      admit(request, user)
      done()
    }

    const requireStepUp = (check: (token: AccessToken | undefined) => Promise<void> | undefined) =>
      function requireStepUp(
        request: FastifyRequest,
        _reply: FastifyReply,
        done: () => void
      ): Promise<void> | undefined {
        const { user }: { user: User | null } = request
        const pending = check(user?.token)
        if (pending) return pending
        done()
      }
    const requirements = {
      true: requireStepUp(stepUps.check),
      'second-factor': requireStepUp(stepUps.checkIfSecondFactor),
      'or-fresh-token': requireStepUp(stepUps.checkOrFreshToken)
    }

    function requireUser(this: FastifyInstance): void {
      this.addHook('onRequest', this.authenticate)
      this.addHook('onRoute', (route) => {
        route.schema = { security: [{ bearer: [] }], ...route.schema }
      })
    }

    function requireAdmin(this: FastifyInstance): void {
      this.requireUser()
      this.addHook('onRequest', async ({ user: { token } }) => {
        if (token.issuer !== null || token.role !== 'admin') throw problems.forbidden('not an admin')
        if (!(await sessions.isOfAdmin(token))) throw problems.forbidden('not a session of an admin')
      })
      this.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, problems: [403, ...(route.schema?.problems ?? [])] }
      })
    }

    app.addHook('onRoute', (route) => {
      checkScope(route, allScopes)
      // After the hooks of the route's scope, one of which identifies the user.
      const { stepUp } = route.schema ?? {}
      if (stepUp) route.onRequest = [requirements[`${stepUp}`], ...[route.onRequest ?? []].flat()]
    })
    app.addHook('onClose', stop)
    app.decorate('authenticate', authenticate)
    app.decorate('revocations', revocations)
    app.decorate('signingKeys', signingKeys)
    app.decorate('requireUser', requireUser)
    app.decorate('requireAdmin', requireAdmin)
  },
  { name: 'authentication', dependencies: ['jwt', 'client'] }
)
