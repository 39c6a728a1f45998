import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Ajv, type ErrorObject, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import fp from 'fastify-plugin'
import { emailFault } from '../src/auth/email-address.ts'
import { type FieldError, problems } from '../src/http/problems.ts'

/** As many as a person would read; one body can hold thousands. */
const maxErrors = 20

/** UUIDs as PostgreSQL takes them (ajv-formats takes `urn:uuid:` too), and email addresses by the service's own rule. */
const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'idn-email': (text: string) => emailFault(text) === undefined
}

/** A validator that knows the app's named schemas. `verbose` gives every error its schema, and so its description. */
function createAjv(app: FastifyInstance, options: Options): Ajv {
  const ajv = new Ajv({ allErrors: true, verbose: true, removeAdditional: false, strictTypes: false, ...options })
  addFormats.default(ajv)
  for (const [name, format] of Object.entries(formats)) ajv.addFormat(name, format)
  for (const schema of Object.values(app.getSchemas())) ajv.addSchema(schema as object)
  return ajv
}

const escapePointer = (name: string) => name.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')

/** What is wrong, for people: by keyword, else as the schema describes what it wants, else in Ajv's words. */
function explain({ keyword, params, message = '', parentSchema, data }: Partial<ErrorObject>): string {
  if (keyword === 'enum') return `must be one of ${params?.allowedValues.join(', ')}`
  if (keyword === 'minLength')
    return params?.limit === 1 ? 'must not be empty' : `must be at least ${params?.limit} characters long`
  if (keyword === 'maxLength') return `must be at most ${params?.limit} characters long`
  if (keyword !== 'pattern' && keyword !== 'format') return message
  const fault = parentSchema?.format === 'idn-email' ? emailFault(String(data)) : undefined
  return fault ?? (parentSchema?.description ? `must be: ${parentSchema.description}` : message)
}

function fieldError(error: Partial<ErrorObject>): FieldError {
  const { keyword, instancePath, params } = error
  const at = (name: string, text: string) => ({ pointer: `${instancePath}/${escapePointer(name)}`, message: text })
  if (keyword === 'required') return at(params?.missingProperty, 'is required')
  if (keyword === 'additionalProperties') return at(params?.additionalProperty, 'is not known here')
  return { pointer: `${instancePath}`, message: explain(error) }
}

/** Ajv's findings for people: the branches of a union that merely allow null are left out. */
export function fieldErrors(validation: FastifySchemaValidationError[]): FieldError[] {
  const telling = validation.filter(({ keyword, params }) => keyword !== 'anyOf' && params.type !== 'null')
  const errors = new Map(telling.map(fieldError).map((error) => [`${error.pointer} ${error.message}`, error]))
  return [...errors.values()].slice(0, maxErrors)
}

const json = /^\s*application\/json\s*(;|$)/i

/** Takes a body that has no byte for none, and refuses any other at its first byte. */
function refuseBytes(_request: FastifyRequest, payload: IncomingMessage, done: (error: Error | null) => void): void {
  const settle = (error: Error | null) => {
    payload.off('data', refuse).off('end', settle).off('error', settle)
    done(error ?? null)
  }
  const refuse = () => settle(problems.unsupportedMediaType())
  payload.on('data', refuse).on('end', settle).on('error', settle)
}

/** Only JSON, only as UTF-8 (RFC 8259, section 8.1). An empty body is no body, whatever its type and however it is framed. */
function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', refuseBytes)
  // A type that is none, or not ours, is as good as no type: Fastify would refuse it before it looks for a body.
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const type = headers['content-type']
    if (type !== undefined && !json.test(type)) delete headers['content-type']
    done()
  })
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body)) return done(problems.malformedRequest('The body is not UTF-8'))
    parse(request, body.toString(), (error, value) => {
      // Null would pass for no body at all where that may be left out.
      if (value === null) return done(problems.validationFailed([{ pointer: '', message: 'must be object' }]))
      done(error ? problems.malformedRequest('The body is not readable as JSON') : null, value)
    })
  })
}

/** What comes in: bodies are taken as they are or refused; queries and paths, which are text, are coerced. */
export const validation = fp(
  async function validation(app) {
    let strict: Ajv | undefined
    let coercing: Ajv | undefined
    app.setValidatorCompiler(({ schema, httpPart }) => {
      strict ??= createAjv(app, { coerceTypes: false })
      // With strictNumbers Ajv lets Infinity pass any maximum.
      coercing ??= createAjv(app, { coerceTypes: true, useDefaults: true, strictNumbers: false })
      return (httpPart === 'body' ? strict : coercing).compile(schema as object)
    })
    acceptJsonOnly(app)
  },
  { name: 'validation' }
)
