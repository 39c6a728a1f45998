import type {} from '@fastify/swagger'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessTokens } from '../src/auth/access-tokens.ts'
import { createForeignUsers } from '../src/auth/foreign-users.ts'
import { problems } from '../src/problems.ts'
import { usersRepository } from '../src/repositories/users.ts'

export interface AuthenticatedUser {
  id: string
  email: string
  /** Seconds since 1970. */
  tokenExpiresAt: number
}

declare module 'fastify' {
  interface FastifyInstance {
    requireUser: () => void
  }
  interface FastifyRequest {
    user: AuthenticatedUser
  }
}

/** The token of an Authorization header (RFC 6750, section 2.1). */
function bearerToken(authorization: string | undefined): string {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  if (token) return token
  if (authorization && /^Bearer\s+\S/i.test(authorization)) throw problems.invalidToken('malformed header')
  throw problems.notAuthenticated(authorization ? 'no bearer token' : 'no token')
}

export const authentication = fp(
  async function authentication(app, { tokens }: { tokens: AccessTokens }) {
    const foreignUsers = createForeignUsers(usersRepository(app.db))

    async function authenticate(request: FastifyRequest): Promise<void> {
      const token = tokens.verify(bearerToken(request.headers.authorization))
      const { issuer, subject, email, expiresAt } = token
      const id = issuer === null ? subject : await foreignUsers.identify({ ...token, issuer })
      if (id === undefined) throw problems.tokenRevoked('deactivated')
      request.user = { id, email, tokenExpiresAt: expiresAt }
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

    app.decorateRequest('user')
    app.decorate('requireUser', requireUser)
  },
  { name: 'authentication', dependencies: ['database'] }
)
