import type { FastifyInstance, InjectOptions } from 'fastify'
import { printable } from '../logging/printable.ts'
import type { TestApp } from './app.ts'
import { countCauses } from './causes.ts'
import { answerFault, type Contract, contractOf, examplesOf, resolve, type Schema } from './contract.ts'
import { absentId, filled, type Method, type Operation } from './operations.ts'

/** What a database, a parser or a careless handler stumbles over. */
const texts = [
  ...['', ' ', '\u202e', '__proto__', 'constructor', 'null', '-1', '0', '1e999', '99999999999999999999', '9999-99-99'],
  ...['a\0b', "' or 1=1 --", '../../etc/passwd', '{{7*7}}', 'x'.repeat(20_000)]
]
const numbers = [-1, 0.5, 2 ** 31, 2 ** 53, 1e308]
const values: unknown[] = [null, true, ...numbers, [], {}, [[]], [null], { toString: 1 }, '\ud800', ...texts]

/** Whole bodies, as they are sent. */
const bodies = [
  ...['', 'null', '[]', '{}', '"text"', '1', '{', '{"a":1e999}', '{"__proto__":{"admin":true}}', '\0'],
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  '{"constructor":{"prototype":{"admin":true}}}'
]
const segments = [
  absentId,
  ...[
    '0',
    '%00',
    '%ff',
    '%2e%2e%2f',
    '%F0%28%8C',
    "'%20or%201=1",
    '*',
    'x'.repeat(99),
    'x'.repeat(3_000),
    absentId.toUpperCase()
  ]
]

/** A value that a schema allows, as far as its types tell. */
export function sampleOf(contract: Pick<Contract, 'components'>, given: Schema, depth = 0): unknown {
  const schema = resolve(contract, given) as Schema & {
    const?: unknown
    anyOf?: Schema[]
    required?: string[]
    minimum?: number
    format?: string
  }
  const [example] = schema.examples ?? []
  const known = example ?? schema.const ?? schema.default ?? schema.enum?.[0]
  if (known !== undefined || depth > 4) return known
  if (schema.anyOf?.[0]) return sampleOf(contract, schema.anyOf[0], depth + 1)
  if (schema.type === 'object') {
    const properties = Object.entries(schema.properties ?? {})
    return Object.fromEntries(properties.map(([name, one]) => [name, sampleOf(contract, one, depth + 1)]))
  }
  if (schema.type === 'array') return []
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 1
  if (schema.type === 'null') return null
  return schema.format === 'uuid' ? absentId : 'text'
}

/** A right body of an operation: the given one, else the example in its schema, or what the schema allows. */
export function bodyFor(app: FastifyInstance, { name, path, key }: Operation, given: Record<string, object>) {
  const contract = contractOf(app)
  const media = contract.paths[path]?.[key]?.requestBody?.content['application/json']
  return media && (given[name] ?? examplesOf(contract, media)[0] ?? sampleOf(contract, media.schema))
}

interface Fuzzed {
  /** The token that is sent to an operation, if any. */
  tokenFor: (operation: Operation) => string | undefined
  urls: Record<string, string>
  bodies: Record<string, object>
}

type Sent = Pick<InjectOptions, 'payload'> & { url: string; headers?: Record<string, string> }

const json = { 'content-type': 'application/json' }

/** Hostile requests of an operation, each with one thing wrong, and a right one. */
function* requestsOf(app: FastifyInstance, operation: Operation, given: Fuzzed): Generator<Sent> {
  const { path } = operation
  const contract = contractOf(app)
  const described = contract.paths[path]?.[operation.key]
  const url = given.urls[path] ?? filled(path)
  const media = described?.requestBody?.content['application/json']
  const example = bodyFor(app, operation, given.bodies)
  const body = example === undefined ? {} : { payload: JSON.stringify(example), headers: json }

  if (path.includes('{')) for (const segment of segments) yield { url: filled(path, segment), ...body }
  for (const { in: place, name: parameter } of described?.parameters ?? []) {
    if (place === 'query')
      for (const text of texts) yield { url: `${url}?${parameter}=${encodeURIComponent(text)}`, ...body }
    if (place === 'header')
      for (const text of ['', '"', '*', 'W/"', 'x'.repeat(3_000)])
        yield { url, ...body, headers: { ...body.headers, [parameter.toLowerCase()]: text } }
  }
  yield { url: `${url}?unknown=1&unknown=2&__proto__=1`, ...body }
  if (media) {
    for (const payload of bodies) yield { url, payload, headers: json }
    yield { url, payload: 'text', headers: { 'content-type': 'text/plain' } }
    const { properties = {} } = resolve(contract, media.schema)
    for (const property of [...Object.keys(properties), 'unknown'])
      for (const value of values) {
        const changed = { ...(example as object), [property]: value }
        yield { url, payload: JSON.stringify(changed), headers: json }
      }
  }
  yield { url, ...body }
}

const order: Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The same cause has the same text: values in quotes, ids and long numbers differ each time. */
const alike = (reason: string) => reason.replace(/"[^"]*"|'[^']*'|[0-9a-f-]{36}|\d{4,}/g, '…')

/**
 * Returns why requests fail in a handler, its schema or its SQL, each cause once: a 5xx, or an answer that the contract does not
 * have. The requests are the same in each run.
 */
export async function stumbles(
  { app, reasonOf }: Pick<TestApp, 'app' | 'reasonOf'>,
  operations: readonly Operation[],
  given: Fuzzed
): Promise<string[]> {
  const causes = countCauses()
  const sorted = operations.toSorted((one, other) => order.indexOf(one.method) - order.indexOf(other.method))
  for (const operation of sorted) {
    const token = given.tokenFor(operation)
    for (const { url, payload, headers } of requestsOf(app, operation, given)) {
      const { method, key, path } = operation
      const answer = await app.inject({
        method,
        url,
        ...(payload !== undefined && method !== 'GET' && method !== 'HEAD' && { payload }),
        headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) }
      })
      const fault = answerFault(app, method, url, answer)
      if (!fault) continue
      const reason = reasonOf(answer) ?? fault.cause
      const sent = [method, url.slice(0, 100), ...(payload ? [String(payload).slice(0, 100)] : [])].join(' ')
      const operationName = `${key.toUpperCase()} ${path}: ${answer.statusCode}`
      causes.add(`${operationName}: ${alike(reason)}`, printable(sent), `${operationName}: ${reason.slice(0, 200)}`)
    }
  }
  return causes.list()
}
