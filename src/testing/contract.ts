import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'

export interface Schema {
  $ref?: string
  description?: string
  type?: string
  enum?: string[]
  default?: unknown
  examples?: unknown[]
  properties?: Record<string, Schema>
}

interface Media {
  schema: Schema
  examples?: Record<string, { value: unknown }>
}

interface Response {
  $ref?: string
  description: string
  headers?: Record<string, { description?: string }>
  content?: Record<string, Media>
}

interface Operation {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: object[]
  parameters?: { in: string; name: string; description: string; required: boolean; schema: Schema }[]
  requestBody?: { required: boolean; content: Record<string, Media> }
  responses: Record<string, Response>
  'x-step-up'?: true | 'second-factor'
  'x-scope'?: string
}

export interface Contract {
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { responses: Operation['responses']; schemas: Record<string, Schema> }
}

/** One contract for all apps that publish the same, so that its validators are compiled once. */
const contracts = new Map<string, Contract>()
const known = new WeakMap<FastifyInstance, Contract>()

export function contractOf(app: FastifyInstance): Contract {
  let contract = known.get(app)
  if (!contract) {
    const published = app.swagger()
    const text = JSON.stringify(published)
    contract = contracts.get(text) ?? (published as unknown as Contract)
    contracts.set(text, contract)
    known.set(app, contract)
  }
  return contract
}

/** Every operation, by method and path. */
export const operationsOf = (contract: Contract) =>
  Object.entries(contract.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation }))
  )

/** What a reference stands for, or the value itself. */
export function resolve<T extends { $ref?: string }>({ components }: Pick<Contract, 'components'>, value: T): T {
  const [, kind, name] = /^#\/components\/(\w+)\/(\w+)$/.exec(value.$ref ?? '') ?? []
  return kind && name ? ((components as Record<string, Record<string, object>>)[kind]?.[name] as T) : value
}

/** The examples of a body: those of the medium, else those of its schema. */
export const examplesOf = (contract: Contract, { examples, schema }: Media): unknown[] =>
  examples ? Object.values(examples).map(({ value }) => value) : (resolve(contract, schema).examples ?? [])

/** The path template of a URL in the contract, or undefined. */
function pathOf({ paths }: Contract, url: string): string | undefined {
  const given = url.replace(/\?.*/s, '').split('/')
  return Object.keys(paths).find((path) => {
    const segments = path.split('/')
    return (
      segments.length === given.length && segments.every((s, i) => s === given[i] || (s.startsWith('{') && given[i]))
    )
  })
}

const validators = new WeakMap<Contract, (schema: object) => ValidateFunction>()

export function validatorOf(app: FastifyInstance): (schema: object) => ValidateFunction {
  const contract = contractOf(app)
  let compile = validators.get(contract)
  if (!compile) {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(ajv)
    ajv.addSchema({ ...contract, $id: 'contract' })
    const compiled = new Map<object, ValidateFunction>()
    compile = (schema) => {
      let validate = compiled.get(schema)
      if (!validate) {
        validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/')))
        compiled.set(schema, validate)
      }
      return validate
    }
    validators.set(contract, compile)
  }
  return compile
}

/** The operation of a request in the contract, or undefined. */
export function operationOf(app: FastifyInstance, method: string, url: string): Operation | undefined {
  const contract = contractOf(app)
  const path = pathOf(contract, url)
  return path === undefined ? undefined : contract.paths[path]?.[method.toLowerCase()]
}

interface AnswerFault {
  /** Without the answer, so that the same fault has the same text. */
  cause: string
  details?: string
}

/** What is wrong with an answer: status, media type, body, or common headers are not those of the contract. */
export function answerFault(
  app: FastifyInstance,
  method: string,
  url: string,
  { statusCode, headers, body, json }: LightMyRequestResponse
): AnswerFault | undefined {
  const type = String(headers['content-type'])
  if (statusCode >= 500 && statusCode !== 503) return { cause: 'a fault', details: body }
  if (!headers['x-request-id']) return { cause: 'no request id' }
  if (headers['x-content-type-options'] !== 'nosniff') return { cause: 'no security headers' }
  if (url.startsWith('/api') && headers['cache-control'] !== 'no-store') return { cause: 'may be cached' }
  if (/\$2[aby]\$|password_hash| at .*\.[jt]s:\d/.test(body)) return { cause: 'leaks', details: body }
  if (statusCode >= 400 && method !== 'HEAD' && !type.startsWith('application/problem+json'))
    return { cause: 'not a problem', details: type }

  const operation = operationOf(app, method, url)
  if (!operation) return
  const listed = operation.responses[statusCode]
  if (!listed) return { cause: 'not in the contract' }
  const { content } = resolve(contractOf(app), listed)
  if (!content) return body === '' ? undefined : { cause: 'a body where none is promised', details: body }
  const media = content[type.replace(/;.*/s, '')]
  if (!media) return { cause: `${type} is not in the contract` }
  const validate = validatorOf(app)(media.schema)
  return validate(json()) ? undefined : { cause: JSON.stringify(validate.errors), details: body }
}

/** Throws unless an answer matches the contract: status, media type, body, and common headers. */
export function checkAnswer(app: FastifyInstance, method: string, url: string, answer: LightMyRequestResponse): void {
  const fault = answerFault(app, method, url, answer)
  if (!fault) return
  const { cause, details } = fault
  throw new assert.AssertionError({
    message: [`${method} ${url} -> ${answer.statusCode}`, cause, ...(details ? [details] : [])].join(': ')
  })
}
