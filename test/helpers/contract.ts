import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'

interface Operation {
  operationId: string
  tags: string[]
  security: object[]
  parameters?: { name: string; required: boolean; schema: object }[]
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>
}

export interface Contract {
  paths: Record<string, Record<string, Operation>>
  components: { responses: Operation['responses'] }
}

export const contractOf = (app: FastifyInstance) => app.swagger() as unknown as Contract

/** The path template of a URL in the contract, or undefined. */
function pathOf({ paths }: Contract, url: string): string | undefined {
  const given = (url.split('?', 1)[0] ?? '').split('/')
  return Object.keys(paths).find((path) => {
    const segments = path.split('/')
    return (
      segments.length === given.length && segments.every((s, i) => s === given[i] || (s.startsWith('{') && given[i]))
    )
  })
}

const validators = new WeakMap<FastifyInstance, (schema: object) => ValidateFunction>()

function validatorOf(app: FastifyInstance): (schema: object) => ValidateFunction {
  let compile = validators.get(app)
  if (!compile) {
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(ajv)
    ajv.addSchema({ ...contractOf(app), $id: 'contract' })
    const compiled = new Map<object, ValidateFunction>()
    compile = (schema) => {
      const text = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/'))
      const known = compiled.get(schema) ?? ajv.compile(text)
      compiled.set(schema, known)
      return known
    }
    validators.set(app, compile)
  }
  return compile
}

/** Throws unless an answer matches the contract: status, media type, body, and common headers. */
export function checkAnswer(app: FastifyInstance, method: string, url: string, answer: LightMyRequestResponse): void {
  const what = `${method} ${url} -> ${answer.statusCode}`
  assert.ok(answer.statusCode < 500 || answer.statusCode === 503, `${what}: a fault: ${answer.body}`)
  assert.ok(answer.headers['x-request-id'], `${what}: no request id`)
  assert.equal(answer.headers['x-content-type-options'], 'nosniff', `${what}: no security headers`)
  if (url.startsWith('/api')) assert.equal(answer.headers['cache-control'], 'no-store', `${what}: may be cached`)
  assert.doesNotMatch(answer.body, /\$2[aby]\$|password_hash| at .*\.[jt]s:\d/, `${what}: leaks`)
  if (answer.statusCode >= 400 && method !== 'HEAD')
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, `${what}: not a problem`)

  const contract = contractOf(app)
  const path = pathOf(contract, url)
  const operation = path && contract.paths[path]?.[method.toLowerCase()]
  if (!operation) return
  const listed = operation.responses[answer.statusCode]
  assert.ok(listed, `${what}: not in the contract`)
  const response = listed.$ref ? contract.components.responses[listed.$ref.split('/').at(-1) ?? ''] : listed
  const media = response?.content?.[String(answer.headers['content-type']).split(';', 1)[0] ?? '']
  if (!response?.content) {
    assert.equal(answer.body, '', `${what}: a body where none is promised`)
    return
  }
  assert.ok(media, `${what}: ${answer.headers['content-type']} is not in the contract`)
  const validate = validatorOf(app)(media.schema)
  assert.ok(validate(answer.json()), `${what}: ${JSON.stringify(validate.errors)}: ${answer.body}`)
}
