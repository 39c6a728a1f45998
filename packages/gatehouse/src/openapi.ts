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

/** Follows references within the document. */
function resolver(document: Schema) {
  return function resolve(value: unknown, depth = 0): Schema {
    const found = object(value)
    if (typeof found.$ref !== 'string' || depth > 20) return found
    const names = found.$ref.replace(/^#\//, '').split('/')
    const target = names.reduce<unknown>(
      (inner, name) => object(inner)[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')],
      document
    )
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
            return { name: String(name), in: String(place), required: required === true, schema: resolve(schema) }
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

/** A value that a schema allows, as far as it can be told from the schema alone. */
export function exampleOf(given: unknown, resolve: Resolve, depth = 0): unknown {
  const schema = resolve(given)
  if (depth > 6) return undefined
  for (const name of ['const', 'default'] as const) if (schema[name] !== undefined) return schema[name]
  if (schema.example !== undefined) return schema.example
  const [example] = list(schema.examples)
  if (example !== undefined) return example
  const [choice] = list(schema.enum)
  if (choice !== undefined) return choice
  const parts = list(schema.allOf)
  if (parts.length > 0) {
    const merged = parts.map((part) => exampleOf(part, resolve, depth + 1))
    return merged.every(isObject) ? Object.assign({}, ...merged) : merged[0]
  }
  const [alternative] = [...list(schema.oneOf), ...list(schema.anyOf)]
  if (alternative !== undefined) return exampleOf(alternative, resolve, depth + 1)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object' || schema.properties) return exampleObject(schema, resolve, depth)
  if (type === 'array') {
    const count = Number(schema.minItems ?? 1)
    return Array.from({ length: Math.min(Math.max(count, 1), 5) }, () => exampleOf(schema.items, resolve, depth + 1))
  }
  if (type === 'integer' || type === 'number') return Number(schema.minimum ?? 1)
  if (type === 'boolean') return true
  if (type === 'null') return null
  return exampleText(schema)
}

function exampleObject(schema: Schema, resolve: Resolve, depth: number): Schema {
  const properties = Object.entries(object(schema.properties))
  const required = list(schema.required)
  const needed = properties.filter(([name]) => required.includes(name))
  // A change without any member is often refused.
  const chosen = needed.length > 0 ? needed : properties.slice(0, 1)
  return Object.fromEntries(chosen.map(([name, inner]) => [name, exampleOf(inner, resolve, depth + 1)]))
}

function exampleText({ format, minLength, maxLength }: Schema): string {
  const formats: Record<string, string> = {
    uuid: '00000000-0000-4000-8000-000000000000',
    email: 'somebody@example.com',
    date: '2030-01-01',
    'date-time': '2030-01-01T00:00:00.000Z',
    uri: 'https://example.com/',
    'uri-reference': '/'
  }
  const text = formats[String(format)] ?? 'Gatehouse proves it'
  return text.padEnd(Number(minLength ?? 0), 'x').slice(0, Number(maxLength ?? 1000))
}
