import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Caller } from '../helpers/http.ts'

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  example?: unknown
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minItems?: number
  minimum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
}

interface Reference {
  $ref?: string
}

export interface Media {
  schema?: Schema
  example?: unknown
  examples?: Record<string, Reference & { value?: unknown }>
}

interface Parameter extends Media, Reference {
  in: string
  name: string
  required?: boolean
}

interface RawOperation {
  operationId?: string
  security?: object[]
  parameters?: Parameter[]
  requestBody?: Reference & { required?: boolean; content?: Record<string, Media> }
}

type PathItem = Record<string, RawOperation> & { parameters?: Parameter[] }

export interface Document {
  openapi?: string
  info?: { title?: string; version?: string }
  paths?: Record<string, PathItem>
  components?: Record<string, Record<string, unknown>>
  security?: object[]
}

export interface Operation {
  /** The operationId, or else the name. */
  id: string
  /** Method and path. */
  name: string
  method: string
  path: string
  /** Whether it requires a token. */
  isProtected: boolean
  /** Required parameters of the query and the header. */
  parameters: { in: string; name: string; media: Media }[]
  /** JSON that the operation takes, or why no body can be made. */
  body?: Media | string
}

/** The OpenAPI document of a deployment. */
export async function readDocument(call: Caller): Promise<Document> {
  const path = '/openapi.json'
  const { status, text } = await call('GET', path)
  if (status !== 200) throw new Error(`GET ${path} answered ${status}: there is no OpenAPI document to read`)
  let document: Document | undefined
  try {
    document = JSON.parse(text)
  } catch {}
  if (!/^3\./.test(document?.openapi ?? '')) throw new Error(`GET ${path} is not an OpenAPI document of version 3`)
  return document as Document
}

/** What a reference inside the document stands for, or the value itself. */
export function resolve<T extends Reference>(document: Document, value: T, depth = 0): T {
  if (value.$ref === undefined || depth > 20) return value
  const keys = value.$ref
    .split('/')
    .slice(1)
    .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'))
  const found = keys.reduce<unknown>((place, key) => (place as Record<string, unknown> | undefined)?.[key], document)
  return resolve(document, (found ?? {}) as T, depth + 1)
}

const methods = ['get', 'put', 'post', 'patch', 'delete']

export function operationsOf(document: Document): Operation[] {
  const isProtected = (security: object[] = []) =>
    security.length > 0 && !security.some((alternative) => Object.keys(alternative).length === 0)
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const raw = item[method]
      if (!raw) return []
      const all = [...(item.parameters ?? []), ...(raw.parameters ?? [])].map((one) => resolve(document, one))
      const body = raw.requestBody && resolve(document, raw.requestBody)
      const json = body?.content?.['application/json']
      const name = `${method.toUpperCase()} ${path}`
      return [
        {
          id: raw.operationId ?? name,
          name,
          method: method.toUpperCase(),
          path,
          isProtected: isProtected(raw.security ?? document.security),
          parameters: all
            .filter((one) => one.required && (one.in === 'query' || one.in === 'header'))
            .map((one) => ({ in: one.in, name: one.name, media: one })),
          ...(body && (json || body.required) && { body: json ?? 'it takes no JSON' })
        }
      ]
    })
  )
}

const texts = [
  'Load test',
  'load-test',
  'loadtest',
  'load_test_1',
  'Load-test-1',
  '1',
  'A1',
  '00000000',
  'de',
  'en-US',
  '#a1b2c3'
]
const formats: Record<string, string> = {
  uuid: '0197a3c2-8c4e-7a11-b2d3-5f6a7b8c9d0e',
  'date-time': '2026-01-31T12:00:00.000Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  email: 'load@example.com',
  'idn-email': 'load@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1'
}

/** Makes values that match the schemas of a document: its own examples, or else the smallest that it can think of. */
export function createExamples(document: Document) {
  const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false })
  addFormats.default(ajv)
  ajv.addSchema({ ...document, $id: 'contract' })

  function isValid(schema: Schema, value: unknown): boolean {
    try {
      return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"contract#/')))(value) as boolean
    } catch {
      return false
    }
  }

  function textOf(schema: Schema): unknown {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
    const fitted = texts.map((text) => text.padEnd(minLength, 'a').slice(0, maxLength))
    return fitted.find((text) => isValid(schema, text))
  }

  function made(reference: Schema, depth: number): unknown {
    const schema = resolve(document, reference)
    if (depth > 8) return undefined
    const given = [...(schema.examples ?? []), schema.example, schema.const, ...(schema.enum ?? []), schema.default]
    const found = given.find((value) => value !== undefined && isValid(schema, value))
    if (found !== undefined) return found
    const variants = (schema.anyOf ?? schema.oneOf)?.map((variant) => made(variant, depth + 1))
    if (variants) return variants.find((value) => value !== undefined && value !== null)
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => made(part, depth + 1)))
    const type = [schema.type].flat().find((one) => one !== 'null') ?? (schema.properties && 'object')
    if (type === 'string') return formats[schema.format ?? ''] ?? textOf(schema)
    if (type === 'boolean') return true
    if (type === 'integer' || type === 'number') return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1
    if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => made(schema.items ?? {}, depth + 1))
    if (type === 'object')
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, made(schema.properties?.[name] ?? {}, depth + 1)])
      )
    return undefined
  }

  /** A valid value, or undefined if it finds none. */
  return function exampleOf({ schema = {}, example, examples }: Media): unknown {
    const given = Object.values(examples ?? {}).map((one) => resolve(document, one).value)
    return [example, ...given, made(schema, 0)].find((value) => value !== undefined && isValid(schema, value))
  }
}

export type ExampleOf = ReturnType<typeof createExamples>
