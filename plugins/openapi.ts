import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenAPIV3_1 } from 'openapi-types'
import { stringify } from 'yaml'
import { problemResponses } from '../src/http/problem-responses.ts'
import { rememberAnswers } from './files.ts'
import { type ContentPolicy, usePolicy } from './security.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** The statuses of the problems that a route gives, beyond those that follow from its shape. */
    problems?: number[]
  }
}

/** What is not simply "Your tasks". */
const tagDescriptions: Record<string, string> = {
  auth: 'Signing up, in and out',
  profile: 'Your account',
  sessions: 'Where you are logged in',
  health: 'For load balancers and people on call'
}

/** What Swagger UI needs and nothing else; its own default would turn plain HTTP into HTTPS and ask another site. */
const documentationPolicy: ContentPolicy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"]
}

/** Methods whose bodies are not read. With any other, even one that no route asks for can be unreadable. */
const bodyless = new Set(['GET', 'HEAD'])

/** Every status of a problem that a route with this schema can give. */
function problemsOf({ security, problems = [] }: FastifySchema, method: string): number[] {
  const implied = [400, ...(security ? [401] : []), ...(bodyless.has(method) ? [] : [413, 415]), 500, 503]
  return [...new Set([...implied, ...problems])].sort()
}

interface Operation extends OpenAPIV3_1.OperationObject {
  tags: string[]
  responses: OpenAPIV3_1.ResponsesObject
}

type Document = Omit<Partial<OpenAPIV3_1.Document>, 'paths'> & { paths: Record<string, Record<string, Operation>> }

/** Refers to the named problem responses, marks what is optional as such, and lists the tags. */
function finish(document: Document) {
  const tags = new Set<string>()
  for (const item of Object.values(document.paths))
    for (const operation of Object.values(item)) {
      for (const tag of operation.tags) tags.add(tag)
      for (const status of Object.keys(operation.responses))
        if (Number(status) >= 400) operation.responses[status] = { $ref: `#/components/responses/Problem${status}` }
      for (const parameter of (operation.parameters ?? []) as OpenAPIV3_1.ParameterObject[])
        if (parameter.schema && 'default' in parameter.schema) parameter.required = false
      const body = operation.requestBody as OpenAPIV3_1.RequestBodyObject | undefined
      const media = body?.content['application/json'] as { schema: OpenAPIV3_1.SchemaObject } | undefined
      const [only, nothing] = media?.schema.anyOf ?? []
      if (body && media && only && nothing && 'type' in nothing && nothing.type === 'null') {
        body.required = false
        media.schema = only
      }
    }
  document.tags = [...tags].map((name) => ({ name, description: tagDescriptions[name] ?? `Your ${name}` }))
  return document
}

/** The published contract: `/openapi.json`, `/openapi.yaml`, and `/docs` for people. */
export const openapi = fp(
  async function openapi(app) {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Gatehouse',
          version: '1.0.0',
          description: 'Accounts, access tokens and tasks. Every error is problem details (RFC 9457).',
          license: { name: 'MIT', identifier: 'MIT' }
        },
        servers: [{ url: '/' }],
        components: {
          securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
          responses: problemResponses
        }
      },
      refResolver: { buildLocalReference: (json) => String(json.$id) },
      transform: ({ schema, url, route }) => {
        const problems = problemsOf(schema, String(route.method)).map((status) => [status, Type.Null()])
        const response = { ...(schema.response as object), ...Object.fromEntries(problems) }
        return { url, schema: { security: [], tags: [], ...schema, response } }
      },
      transformObject: (documents) => finish((documents as { openapiObject: Document }).openapiObject)
    })
    await app.register(async (scope) => {
      await usePolicy(scope, documentationPolicy)
      rememberAnswers(scope)
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        theme: { title: 'Gatehouse' },
        uiConfig: {
          layout: 'BaseLayout',
          deepLinking: true,
          persistAuthorization: false,
          tryItOutEnabled: true,
          validatorUrl: null
        }
      })
    })
    const hide = true
    let json: Buffer | undefined
    let yaml: Buffer | undefined
    app.get('/openapi.json', { schema: { hide } }, (_request, reply) => {
      json ??= Buffer.from(JSON.stringify(app.swagger()))
      reply.type('application/json').send(json)
    })
    app.get('/openapi.yaml', { schema: { hide } }, (_request, reply) => {
      yaml ??= Buffer.from(openapiYaml(app.swagger()))
      reply.type('application/yaml').send(yaml)
    })
  },
  { name: 'openapi' }
)

/** The contract as it stands in the repository. */
export const openapiYaml = (document: object): string =>
  stringify(document, { lineWidth: 120, aliasDuplicateObjects: false })
