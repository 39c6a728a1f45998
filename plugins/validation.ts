import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Ajv, type ErrorObject, type FuncKeywordDefinition, type Options, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import fp from 'fastify-plugin'
import { emailFault } from '../src/auth/email-address.ts'
import { type FieldError, problems } from '../src/http/problems.ts'

/** A readable number; one body can have thousands of errors. */
const maxErrors = 20

/** UUIDs in PostgreSQL's syntax (ajv-formats also accepts `urn:uuid:`), and emails by src/auth/email-address.ts. */
const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'idn-email': (text: string) => emailFault(text) === undefined
}

/** Replaces a text by the same without blanks around it, after it has been checked as it was sent. */
const trimmed: FuncKeywordDefinition = {
  keyword: 'x-trimmed',
  type: 'string',
  modifying: true,
  errors: false,
  validate: (_schema, text: string, _parent, at) => {
    if (at) at.parentData[at.parentDataProperty] = text.trim()
    return true
  }
}

/** Creates a validator that knows the app's schemas. `verbose` adds the schema with its description to each error. */
function createAjv(app: FastifyInstance, options: Options): Ajv {
  const ajv = new Ajv({ allErrors: true, verbose: true, removeAdditional: false, strictTypes: false, ...options })
  addFormats.default(ajv)
  ajv.addKeyword(trimmed)
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object)
  return ajv
}

const escapePointer = (name: string) => name.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')

type Fault = Partial<ErrorObject> & Pick<ErrorObject, 'params'>

/** Describes an error: by keyword, else by the schema's description, else by Ajv's message. */
function explain({ keyword, params, message = '', parentSchema, data }: Fault): string {
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`
  if (keyword === 'minLength')
    return params.limit === 1 ? 'must not be empty' : `must be at least ${params.limit} characters long`
  if (keyword === 'maxLength') return `must be at most ${params.limit} characters long`
  if (keyword !== 'pattern' && keyword !== 'format') return message
  const fault = parentSchema?.format === 'idn-email' ? emailFault(String(data)) : undefined
  // A description beside a pattern is the pattern's rule.
  const rule = parentSchema?.pattern && parentSchema.description
  return fault ?? (rule ? `must be: ${rule.charAt(0).toLowerCase()}${rule.slice(1)}` : message)
}

function fieldError(error: Fault): FieldError {
  const { keyword, instancePath, params } = error
  const at = (name: string, text: string) => ({ pointer: `${instancePath}/${escapePointer(name)}`, message: text })
  if (keyword === 'required') return at(params.missingProperty, 'is required')
  if (keyword === 'additionalProperties') return at(params.additionalProperty, 'is not known here')
  return { pointer: `${instancePath}`, message: explain(error) }
}

/** Converts Ajv's errors. Errors of a union's null branch are omitted. */
export function fieldErrors(validation: FastifySchemaValidationError[]): FieldError[] {
  const telling = validation.filter(({ keyword, params }) => keyword !== 'anyOf' && params.type !== 'null')
  const errors = new Map(telling.map(fieldError).map((error) => [`${error.pointer} ${error.message}`, error]))
  return [...errors.values()].slice(0, maxErrors)
}

/** What a route without a body accepts. */
const nothing = { type: 'object', additionalProperties: false }
const withBody = new Set<unknown>(['POST', 'PUT', 'PATCH', 'DELETE'])

const json = /^\s*application\/json\s*(;|$)/i

/** Treats a body without bytes as no body, and refuses any other at its first byte. */
function refuseBytes(_request: FastifyRequest, payload: IncomingMessage, done: (error: Error | null) => void): void {
  const settle = (error: Error | null) => {
    payload.off('data', refuse).off('end', settle).off('error', settle)
    done(error ?? null)
  }
  const refuse = () => settle(problems.unsupportedMediaType())
  payload.on('data', refuse).on('end', settle).on('error', settle)
}

/**
 * Accepts only JSON in UTF-8 (RFC 8259, section 8.1). An empty body counts as no body, whatever its type and framing.
 */
function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', refuseBytes)
  // Removes another type, because Fastify would refuse it even without a body.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const type = headers['content-type']
    if (type !== undefined && !json.test(type)) delete headers['content-type']
    done()
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body)) return done(problems.malformedRequest('The body is not UTF-8'))
    parse(request, body.toString(), (error, value) => {
      // Null would count as no body for a route with an optional one.
      if (value === null) return done(problems.validationFailed([{ pointer: '', message: 'must be object' }]))
      done(error ? problems.malformedRequest('The body is not readable as JSON') : null, value)
    })
  })
}

/** Validates input. Bodies are not coerced; queries and paths, which are text, are. */
export const validation = fp(
  async function validation(app) {
    let strict: Ajv | undefined
    let coercing: Ajv | undefined
    const strictly = () => {
      strict ??= createAjv(app, { coerceTypes: false })
      return strict
    }

    function refuseBody({ body }: FastifyRequest, _reply: FastifyReply, done: () => void): void {
      if (body !== undefined && !strictly().validate(nothing, body))
        throw problems.validationFailed(fieldErrors(strictly().errors as FastifySchemaValidationError[]))
      done()
    }

    app.addHook('onRoute', (route) => {
      // Fastify reads the body of a route without a schema for it, and validates nothing.
      if (!route.schema?.body && [route.method].flat().some((method) => withBody.has(method)))
        route.preValidation = [refuseBody, ...[route.preValidation ?? []].flat()]
    })
    app.setValidatorCompiler<object>(({ schema, httpPart }) => {
      // Compiles with the first request, because all of them take a tenth of a second.
      let compiled: ValidateFunction | undefined
      const validate = (data: unknown): boolean => {
        // With strictNumbers, Ajv lets Infinity pass any maximum.
        coercing ??= createAjv(app, { coerceTypes: true, useDefaults: true, strictNumbers: false })
        compiled ??= (httpPart === 'body' ? strictly() : coercing).compile(schema)
        const isValid = compiled(data)
        if (!isValid) Object.assign(validate, { errors: compiled.errors })
        return isValid
      }
      return validate
    })
    acceptJsonOnly(app)
  },
  { name: 'validation' }
)
