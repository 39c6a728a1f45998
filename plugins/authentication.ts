import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Revocations } from '../src/auth/revocations/revocations.ts'
import type { Sessions } from '../src/auth/sessions.ts'
import type { AccessToken } from '../src/auth/tokens/claims.ts'
import type { Verify } from '../src/auth/tokens/verifier.ts'
import { Problem, problems } from '../src/http/problems.ts'
import { andThen } from '../src/util/and-then.ts'

export interface AuthenticatedUser {
  id: string
  email: string
  token: AccessToken
}

declare module 'fastify' {
  interface FastifyInstance {
    requireUser: () => void
    revocations: Revocations
  }
  interface FastifyRequest {
    user: AuthenticatedUser
  }
}

/** The token of an Authorization header (RFC 6750, section 2.1), or what is wrong with that. */
function bearerToken(authorization = ''): string | Problem {
  // As all clients write it.
  const token = authorization.startsWith('Bearer ') && authorization.slice(7)
  if (token && !token.includes(' ')) return token
  const [, rare] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
  if (rare) return rare
  if (/^Bearer\s+\S/i.test(authorization)) return problems.invalidToken('malformed header')
  return problems.notAuthenticated(authorization ? 'no bearer token' : 'no token')
}

type Done = (problem?: Problem) => void

interface Options {
  verify: Verify
  identify: (token: AccessToken) => string | Promise<string>
  revocations: Revocations
  sessions: Sessions
}

export const authentication = fp(
  async function authentication(app, { verify, identify, revocations, sessions }: Options) {
    app.addHook('onClose', async () => {
      revocations.stop()
      await sessions.stop()
    })

    function admit(request: FastifyRequest, token: AccessToken, id: string): void {
      if (token.sessionId) sessions.use(token.sessionId)
      request.user = { id, email: token.email, token }
    }

    function authenticate(request: FastifyRequest, _reply: FastifyReply, done: Done): Promise<void> | undefined {
      const text = bearerToken(request.headers.authorization)
      const token = text instanceof Problem ? text : verify(text)
      if (token instanceof Problem) return void done(token)
      const admitted = andThen(token, (token) => andThen(identify(token), (id) => admit(request, token, id)))
      if (admitted instanceof Promise) return admitted
      done()
    }

    /**
     * Protects every route of the scope it is called on, in fact and in the OpenAPI document.
     */
    function requireUser(this: FastifyInstance): void {
      this.addHook('onRequest', authenticate)
      this.addHook('onRoute', (route) => {
        route.schema = { security: [{ bearer: [] }], ...route.schema }
      })
    }

    app.decorate('revocations', revocations)
    app.decorateRequest('user')
    app.decorate('requireUser', requireUser)
  },
  { name: 'authentication' }
)
