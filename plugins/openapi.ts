import swagger from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { FastifySchema, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { OpenAPIV3_1 } from 'openapi-types'
import { type ScalarTag, stringify } from 'yaml'
import { ownScopes } from '../schemas/personal-tokens.ts'
import { problemResponses } from '../src/http/problem-responses.ts'
import { version } from '../src/observability/version.ts'
import type { Product } from '../src/product/product.ts'
import { docs } from './docs.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** Statuses of a route's problems, besides those that follow from its schema. */
    problems?: number[]
  }
}

/** Of the document without a title of a product, which has a license of its own. */
const ours = { contact: { name: 'The maintainers of Gatehouse' }, license: { name: 'MIT', identifier: 'MIT' } }
const introduction = 'Accounts and sessions.'

const conventions = `
- **Sign up** with \`POST /api/auth/register\`, or sign in with \`POST /api/auth/login\`. Send the access token of the response
  as \`Authorization: Bearer <access_token>\`, and exchange the refresh token for new ones before it expires.
- **Programs** use a personal access token of \`POST /api/auth/tokens\`, which has an end and only the scopes that it needs.
- **Errors** are problem details (RFC 9457). Programs compare \`code\`; people read \`detail\`; reports quote
  \`request_id\`.
- **429 and 503** are temporary: repeat the request after \`Retry-After\` seconds.
`.trim()

/** The service itself; `x-internal` says that the contract is for everybody, which linters ask for. */
const publicServer = { url: '/', 'x-internal': false }

/** Exceptions from "Your sessions". */
const tagDescriptions: Record<string, string> = {
  auth: 'Signing up, in and out',
  factors: 'What you prove who you are by, besides the password',
  passkeys: 'Signing in with a phone, a computer or a security key',
  profile: 'Your account',
  sessions: 'The devices where you are signed in',
  tokens: 'Personal access tokens, for programs that use your account',
  recovery: 'A new password by mail',
  email: 'The address of the account',
  admin: 'The accounts of all users, for admins',
  keys: 'For services that verify access tokens by themselves',
  revocations: 'Ended sessions, for services that verify access tokens by themselves',
  health: 'For load balancers and people on call'
}

/** A reference of OpenAPI 3.1 may have a description of its own. */
const stepUpRequired = {
  true:
    'No valid access token; or `step_up_required`: its user proved more than ten minutes ago who they are. ' +
    'Call `POST /api/auth/step-up`, then repeat the request',
  'second-factor':
    'No valid access token, or a wrong password; or `step_up_required`: its user has a second factor, and proved it more ' +
    'than ten minutes ago. Call `POST /api/auth/step-up`, then repeat the request'
}

const scopeNeeded = (scope: string) => `A personal access token needs the scope \`${scope}\`.`

/** Methods whose bodies are not parsed. With the others, even an unneeded body can be unreadable. */
const bodyless = new Set(['GET', 'HEAD'])

/** Every status of a problem that a route with this schema can give. 429: too many of a user's requests wait for their turn, or a personal access token has too many. */
function problemsOf({ security, scope, problems = [] }: FastifySchema, method: string, takesTurns: boolean): number[] {
  const ofUsers = security ? [401, ...(takesTurns || scope ? [429] : [])] : []
  const implied = [400, ...ofUsers, ...(scope ? [403] : []), ...(bodyless.has(method) ? [] : [413, 415]), 500, 503]
  return [...new Set([...implied, ...problems])].sort()
}

interface Operation extends OpenAPIV3_1.OperationObject {
  'x-step-up'?: true | 'second-factor'
  'x-scope'?: string
  tags: string[]
  parameters?: OpenAPIV3_1.ParameterObject[]
  responses: OpenAPIV3_1.ResponsesObject
}

type Document = Omit<Partial<OpenAPIV3_1.Document>, 'paths'> & { paths: Record<string, Record<string, Operation>> }

/** Adds to a parameter what @fastify/swagger loses when its schema is a reference: the description, and that it is optional. */
function finishParameter(parameter: OpenAPIV3_1.ParameterObject, { components }: Document): void {
  const schema = parameter.schema as OpenAPIV3_1.SchemaObject & { $ref?: string }
  const named = components?.schemas?.[schema.$ref?.split('/').at(-1) ?? ''] ?? schema
  if ('default' in named) parameter.required = false
  Object.assign(parameter, { description: parameter.description ?? named.description })
}

/** Drops schemas of the process that nothing in the document refers to, except those that the product names. */
function dropUnused({ components = {}, paths }: Document, named: ReadonlySet<string>): void {
  const { schemas = {}, responses } = components
  const used = new Set(named)
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      if (!used.has(name)) {
        used.add(name)
        visit(schemas[name])
      }
  }
  visit([paths, responses, [...named].map((name) => schemas[name])])
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name]
}

/** Refers to the named problem responses, marks what is optional as such, and lists the tags. */
function finish(document: Document, ofProduct: Record<string, string>, named: ReadonlySet<string>) {
  const tags = new Set<string>()
  for (const item of Object.values(document.paths))
    for (const operation of Object.values(item)) {
      for (const tag of operation.tags) tags.add(tag)
      for (const status of Object.keys(operation.responses))
        if (Number(status) >= 400) operation.responses[status] = { $ref: `#/components/responses/Problem${status}` }
      for (const parameter of operation.parameters ?? []) finishParameter(parameter, document)
      const { 'x-step-up': stepUp } = operation
      if (stepUp) Object.assign(operation.responses[401] as object, { description: stepUpRequired[`${stepUp}`] })
      const body = operation.requestBody as OpenAPIV3_1.RequestBodyObject | undefined
      const media = body?.content['application/json'] as { schema: OpenAPIV3_1.SchemaObject } | undefined
      const [only, nothing] = media?.schema.anyOf ?? []
      if (body && media && only && nothing && 'type' in nothing && nothing.type === 'null') {
        body.required = false
        media.schema = only
      }
    }
  const descriptions = { ...tagDescriptions, ...ofProduct }
  document.tags = [...tags].map((name) => ({ name, description: descriptions[name] ?? `Your ${name}` }))
  dropUnused(document, named)
  return document
}

interface Options {
  webDir: string
  product: Pick<Product, 'api' | 'problems' | 'scopes' | 'schemas'>
}

/** Throws for an operation with the name of another one. HEAD has that of its GET. */
function refuseSameNames(routes: RouteOptions[]): void {
  const names = new Map<string, string>()
  for (const { method, url, schema: { operationId, hide } = {} } of routes) {
    if (operationId === undefined || hide) continue
    for (const each of [method].flat().filter((name) => name !== 'HEAD')) {
      const other = names.get(operationId)
      if (other) throw new Error(`${each} ${url} has the operationId ${operationId}, as ${other} has`)
      names.set(operationId, `${each} ${url}`)
    }
  }
}

/** Publishes the contract: `/openapi.json`, `/openapi.yaml`, and `/docs` for people. */
export const openapi = fp(
  async function openapi(app, { webDir, product }: Options) {
    const { api = {}, problems = [], scopes = [], schemas = [] } = product
    const named = new Set(schemas.map(({ $id }) => String($id)))
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: api.title ?? 'Gatehouse',
          version: api.version ?? version,
          description: `${api.description ?? introduction}\n\n${conventions}`,
          ...(api.title === undefined && ours)
        },
        servers: [publicServer],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description:
                'The access token of registering, logging in or refreshing, or one of a trusted issuer, checked as RFC8725 recommends. ' +
                'Operations with `x-scope` also take a personal access token with that scope; all others refuse it'
            }
          },
          responses: problemResponses(problems, [...scopes, ...ownScopes][0] as string)
        }
      },
      refResolver: { buildLocalReference: (json) => String(json.$id) },
      transform: ({ schema, url, route }) => {
        const problems = problemsOf(schema, String(route.method), route.config?.turn !== 'none')
        const empty = Object.fromEntries(problems.map((status) => [status, Type.Null()]))
        const response = { ...(schema.response as object), ...empty }
        const { stepUp, scope, description } = schema
        const more = {
          // What another issuer's users need is in the description of the route.
          ...(stepUp && { 'x-step-up': stepUp === 'or-fresh-token' ? true : stepUp }),
          ...(scope && { 'x-scope': scope, description: `${description} ${scopeNeeded(scope)}` })
        }
        return { url, schema: { security: [], tags: [], ...schema, response, ...more } }
      },
      transformObject: (documents) =>
        finish((documents as { openapiObject: Document }).openapiObject, api.tags ?? {}, named)
    })
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => void routes.push(route))
    // Once the hooks of all scopes have changed the schemas of their routes.
    app.addHook('onReady', async () => refuseSameNames(routes))
    await app.register(docs, { webDir, title: api.title ?? 'Gatehouse API' })
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

/** What readers of YAML 1.1 take for a time. */
const time: ScalarTag = { tag: '!time', default: true, test: /^\d{4}-\d\d-\d\d/, resolve: String }

/** Formats the contract as openapi.yaml, with times in quotes. */
export const openapiYaml = (document: object): string =>
  stringify(document, { lineWidth: 120, aliasDuplicateObjects: false, compat: [time] })
