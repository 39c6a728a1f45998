import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { answer } from '../../schemas/answers.ts'
import { id } from '../../schemas/common.ts'

/** A route that requires step-up, and one that does so by mistake, because it is public. */
export function addProbes(app: FastifyInstance): void {
  const response = { 200: answer('The user', Type.Object({ id: id('The id of the user') })) }
  const schema = { operationId: 'probe', tags: ['auth'], summary: 'A probe', stepUp: true, response } as const
  app.register(async (scope) => {
    scope.requireUser()
    scope.get('/api/probe', { schema }, ({ user }, reply) => {
      reply.send({ id: user.id })
    })
  })
  app.get('/api/public-probe', { schema: { hide: true, stepUp: true } }, (_request, reply) => {
    reply.send({})
  })
}
