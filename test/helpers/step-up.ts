import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { answer } from '../../schemas/answers.ts'
import { id } from '../../schemas/common.ts'

/** A route that requires step-up, and two that do so by mistake, because they are public. */
export function addProbes(app: FastifyInstance): void {
  const response = { 200: answer('The user', Type.Object({ id: id('The id of the user') })) }
  const schema = { operationId: 'probe', tags: ['auth'], summary: 'A probe', stepUp: true, response } as const
  app.register(async (scope) => {
    scope.requireUser()
    scope.get('/api/probe', { schema }, ({ user }, reply) => {
      reply.send({ id: user.id })
    })
  })
  for (const stepUp of [true, 'second-factor', 'or-fresh-token'] as const)
    app.get(`/api/public-probe/${stepUp}`, { schema: { hide: true, stepUp } }, (_request, reply) => {
      reply.send({})
    })
}
