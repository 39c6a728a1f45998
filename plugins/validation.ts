import { isUtf8 } from 'node:buffer'
import { Ajv, type ErrorObject, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify'
import fp from 'fastify-plugin'
import { type FieldError, problems } from '../src/http/problems.ts'

/** As many as a person would read; one body can hold thousands. */
const maxErrors = 20

const emailAddress =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/i

/** Stricter than ajv-formats where PostgreSQL is (`urn:uuid:`), laxer where people are (blanks around an email). */
const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  email: (text: string) => text.length <= 1_000 && emailAddress.test(text.trim()) && !/^\.|\.\.|\.@/.test(text.trim())
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

function fieldError({ keyword, instancePath, params, message = '', parentSchema }: Partial<ErrorObject>): FieldError {
  const at = (name: string, text: string) => ({ pointer: `${instancePath}/${escapePointer(name)}`, message: text })
  if (keyword === 'required') return at(params?.missingProperty, 'is required')
  if (keyword === 'additionalProperties') return at(params?.additionalProperty, 'is not known here')
  if (keyword === 'enum')
    return { pointer: `${instancePath}`, message: `must be one of ${params?.allowedValues.join(', ')}` }
  const described = keyword === 'pattern' || keyword === 'format'
  return {
    pointer: `${instancePath}`,
    message: described && parentSchema?.description ? `must be: ${parentSchema.description}` : message
  }
}

/** Ajv's findings for people: the branches of a union that merely allow null are left out. */
export function fieldErrors(validation: FastifySchemaValidationError[]): FieldError[] {
  const telling = validation.filter(({ keyword, params }) => keyword !== 'anyOf' && params.type !== 'null')
  const errors = new Map(telling.map(fieldError).map((error) => [`${error.pointer} ${error.message}`, error]))
  return [...errors.values()].slice(0, maxErrors)
}

/** Only JSON, only as UTF-8 (RFC 8259, section 8.1); an empty body is no body. */
function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
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
