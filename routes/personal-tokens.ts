import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { id, ref } from '../schemas/common.ts'
import { MadePersonalToken, NewPersonalToken, PersonalTokenList } from '../schemas/personal-tokens.ts'
import type { PersonalTokens } from '../src/auth/personal-tokens/personal-tokens.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['tokens']
const params = Type.Object({ id: id('The id of the token') })
const make = {
  operationId: 'makePersonalToken',
  tags,
  stepUp: true,
  summary: 'Make a personal access token',
  description:
    'For a program: it has only the given scopes, and no route under `/api/auth` takes it. Store the `token` at once: it is ' +
    'shown only here. 403: only an admin may issue `revocations:read`. 409 `quota_exceeded`: the account has 50 tokens.',
  body: ref(NewPersonalToken),
  response: { 201: answer('The token is made', ref(MadePersonalToken)) },
  problems: [403, 409, 429]
}
const list = {
  operationId: 'listPersonalTokens',
  tags,
  summary: 'List your personal access tokens',
  description: 'Those that have not ended, without their secrets. At most 50.',
  response: { 200: answer('The tokens', ref(PersonalTokenList)) }
}
const end = {
  operationId: 'endPersonalToken',
  tags,
  summary: 'End a personal access token',
  description: 'Ends it at once and on every server. A program that still has it gets 401.',
  params,
  response: { 204: nothing('The token has ended') },
  problems: [404]
}

interface Options {
  personalTokens: PersonalTokens
}

export const personalTokenRoutes: Routes<Options> = async function personalTokenRoutes(app, { personalTokens }) {
  app.post('', { schema: make, onRequest: app.limitAttempts() }, async ({ user, body, client }, reply) =>
    reply.code(201).send(await personalTokens.make(user, body, client))
  )

  app.get('', { schema: list }, async ({ user }) => ({ items: await personalTokens.list(user.id) }))

  app.delete('/:id', { schema: end }, async ({ user, params, client }, reply) => {
    if (!(await personalTokens.end(user, params.id, client))) throw problems.notFound('Personal access token')
    return reply.code(204).send(null)
  })
}
