type Schema = Record<string, unknown>

export interface Parameter {
  name: string
  in: string
  required: boolean
  schema: Schema
}

export interface Operation {
  method: string
  /** With `{name}` for parameters. */
  path: string
  parameters: Parameter[]
  /** The JSON body, if it takes one. */
  body: Schema | undefined
  /** Whether the document says that it needs credentials. */
  isProtected: boolean
}

const methods = ['get', 'post', 'put', 'patch', 'delete']
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Schema => (isObject(value) ? value : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : otherwise

/** A name in a JSON pointer in a URL (RFC 6901, section 6). */
function pointed(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return name // not what a URL can have
  }
}

/** Follows references within the document. */
function resolver(document: Schema) {
  return function resolve(value: unknown, depth = 0): Schema {
    const found = object(value)
    if (typeof found.$ref !== 'string' || depth > 20) return found
    const names = found.$ref.replace(/^#\//, '').split('/').map(pointed)
    const target = names.reduce<unknown>((inner, name) => object(inner)[name], document)
    return resolve(target, depth + 1)
  }
}

export type Resolve = ReturnType<typeof resolver>

/** The operations of an OpenAPI 3 document. */
export function readOpenApi(document: unknown): { operations: Operation[]; resolve: Resolve } {
  const root = object(document)
  const resolve = resolver(root)
  const first = object(list(root.servers)[0]).url
  const prefix = typeof first === 'string' ? basePath(first) : ''
  const operations = Object.entries(object(root.paths)).flatMap(([path, item]) =>
    Object.entries(resolve(item))
      .filter(([method]) => methods.includes(method))
      .map(([method, value]) => {
        const operation = object(value)
        const shared = list(object(item).parameters)
        const security = list(operation.security ?? root.security)
        const content = object(resolve(operation.requestBody).content)
        const media = Object.entries(content).find(([type]) => /[/+]json\b/.test(type))?.[1]
        return {
          method: method.toUpperCase(),
          path: `${prefix}${path}`,
          parameters: [...shared, ...list(operation.parameters)].map((each) => {
            const { name, in: place, required, schema } = resolve(each)
            return { name: text(name), in: text(place), required: required === true, schema: resolve(schema) }
          }),
          body: media === undefined ? undefined : resolve(object(media).schema),
          // An empty requirement makes security optional (OpenAPI 3.1, section 4.8.30).
          isProtected: security.length > 0 && security.every((each) => Object.keys(object(each)).length > 0)
        }
      })
  )
  return { operations, resolve }
}

/** The path of a server's URL, without the slash at its end. */
function basePath(url: string): string {
  const path = /^https?:\/\//.test(url) && URL.canParse(url) ? new URL(url).pathname : url.startsWith('/') ? url : ''
  return path.replace(/\/+$/, '')
}

/** Schemas that an example may have: schemas that refer to themselves would make it grow without end. */
const maxSchemas = 500
const maxDepth = 6

/** A value that a schema allows, as far as it can be told from the schema alone. */
export function exampleOf(given: unknown, resolve: Resolve): unknown {
  let schemas = 0

  function example(given: unknown, depth: number): unknown {
    const schema = resolve(given)
    schemas += 1
    if (depth > maxDepth || schemas > maxSchemas) return undefined
    for (const name of ['const', 'default'] as const) if (schema[name] !== undefined) return schema[name]
    if (schema.example !== undefined) return schema.example
    const [first] = [...list(schema.examples), ...list(schema.enum)]
    if (first !== undefined) return first
    const parts = list(schema.allOf)
    if (parts.length > 0) {
      const merged = parts.slice(0, maxSchemas).map((part) => example(part, depth + 1))
      return merged.every(isObject) ? Object.assign({}, ...merged) : merged[0]
    }
    const [alternative] = [...list(schema.oneOf), ...list(schema.anyOf)]
    if (alternative !== undefined) return example(alternative, depth + 1)
    const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
    if (type === 'object' || schema.properties) return exampleObject(schema, depth)
    if (type === 'array') {
      const count = Math.min(Math.max(number(schema.minItems, 1), 1), 5)
      return Array.from({ length: count }, () => example(schema.items, depth + 1))
    }
    if (type === 'integer' || type === 'number') return number(schema.minimum, 1)
    if (type === 'boolean') return true
    if (type === 'null') return null
    return exampleText(schema)
  }

  function exampleObject(schema: Schema, depth: number): Schema {
    const properties = Object.entries(object(schema.properties))
    const required = new Set(list(schema.required))
    const needed = properties.filter(([name]) => required.has(name))
    // A change without any member is often refused.
    const chosen = needed.length > 0 ? needed : properties.slice(0, 1)
    return Object.fromEntries(chosen.slice(0, maxSchemas).map(([name, inner]) => [name, example(inner, depth + 1)]))
  }

  return example(given, 0)
}

const formats = new Map<unknown, string>([
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['email', 'somebody@example.com'],
  ['date', '2030-01-01'],
  ['date-time', '2030-01-01T00:00:00.000Z'],
  ['uri', 'https://example.com/'],
  ['uri-reference', '/']
])

function exampleText({ format, minLength, maxLength }: Schema): string {
  const text = formats.get(format) ?? 'Gatehouse proves it'
  return text.padEnd(Math.min(number(minLength, 0), 10_000), 'x').slice(0, Math.max(number(maxLength, 1000), 0))
}
