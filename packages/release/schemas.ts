import { isDeepStrictEqual } from 'node:util'

export interface Schema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  format?: string
  pattern?: string
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  [keyword: string]: unknown
}

type Direction = 'request' | 'answer'
type Resolve = <T>(value: T) => T

/** Lists that grow in minor versions: clients must expect values that they do not know (docs/releasing.md). */
const growing = new Set(['ProblemCode', 'RevocationKind', 'TokenScope'])

const upper = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']
const lower = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const annotations = [
  'title',
  'description',
  'default',
  'deprecated',
  'example',
  'examples',
  'readOnly',
  'writeOnly',
  '$id'
]
const judged = [
  '$ref',
  'type',
  'const',
  'enum',
  'format',
  'pattern',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'oneOf'
]
const known = new Set([...upper, ...lower, ...annotations, ...judged])

/** What an answer does not promise. */
const ofRequests = new Set([...upper, ...lower, 'pattern'])

const shown = (value: unknown) => JSON.stringify(value) ?? 'anything'

/** All types that a value may have; undefined: any. */
function typesOf(schema: Schema): string[] | undefined {
  if (schema.type !== undefined) return [schema.type].flat()
  const values = valuesOf(schema)
  return values?.map((value) => (value === null ? 'null' : typeof value))
}

const valuesOf = (schema: Schema): unknown[] | undefined => ('const' in schema ? [schema.const] : schema.enum)

const limit = (schema: Schema, name: string) => schema[name] as number | undefined

/** The keywords by which the outer schema refuses values that the inner one allows. */
function narrower(inner: Schema, outer: Schema): string[] {
  const found: string[] = []
  const [types, allowed] = [typesOf(inner), typesOf(outer)]
  const fits = (type: string) => allowed?.includes(type) || (type === 'integer' && allowed?.includes('number'))
  if (allowed && !types?.every(fits)) found.push('type')
  const choice = valuesOf(outer)
  if (choice && !valuesOf(inner)?.every((value) => choice.some((one) => isDeepStrictEqual(one, value))))
    found.push('enum')
  for (const name of ['format', 'pattern']) {
    const isChosen = name === 'pattern' && choice !== undefined
    if (outer[name] !== undefined && outer[name] !== inner[name] && !isChosen) found.push(name)
  }
  const beyond = (one: number | undefined, other: number) => one === undefined || one > other
  const below = (one: number | undefined, other: number) => one === undefined || one < other
  for (const [names, exceeds] of [
    [upper, beyond],
    [lower, below]
  ] as const)
    for (const name of names) {
      const bound = limit(outer, name)
      if (bound !== undefined && exceeds(limit(inner, name), bound)) found.push(name)
    }
  return found
}

function described(keyword: string, had: Schema, has: Schema): string {
  const [before, after] = keyword === 'enum' ? [valuesOf(had), valuesOf(has)] : [had[keyword], has[keyword]]
  return `${keyword} ${shown(before)} is now ${shown(after)}`
}

/**
 * How a value that clients send (request) is taken more narrowly than before, or a value that they get (answer) is wider or
 * lacks what it had. Limits and patterns are compared in requests only: an answer does not promise them.
 */
export function formsChanged(
  direction: Direction,
  old: Schema | undefined,
  now: Schema | undefined,
  resolveOld: Resolve,
  resolveNow: Resolve
): string[] {
  const seen = new Set<string>()

  function fields(had: Schema, has: Schema, at: string): string[] {
    const found: string[] = []
    const [before, after] = [had.properties ?? {}, has.properties ?? {}]
    for (const [name, schema] of Object.entries(before)) {
      const other = after[name]
      const path = `${at}/${name}`
      if (!other) found.push(`${path} is gone`)
      else found.push(...compare(schema, other, path))
      if (other && direction === 'answer' && had.required?.includes(name) && !has.required?.includes(name))
        found.push(`${path} may be missing`)
    }
    if (direction === 'request')
      for (const name of has.required ?? [])
        if (!had.required?.includes(name)) found.push(`${at}/${name} is now required`)
    const [further, allowed] = [had.additionalProperties ?? true, has.additionalProperties ?? true]
    if (typeof further === 'object' && typeof allowed === 'object') found.push(...compare(further, allowed, `${at}/*`))
    else if (direction === 'request' && further !== false && (allowed === false || typeof allowed === 'object'))
      found.push(`${at || '/'} takes no further fields`)
    else if (direction === 'answer' && typeof further === 'object' && allowed === true)
      found.push(`${at}/* may have any form`)
    return found
  }

  function variants(had: Schema[], has: Schema[], at: string): string[] {
    const [inner, outer] = direction === 'request' ? [had, has] : [has, had]
    return inner.flatMap((one) => {
      const tries = outer.map((other) => (direction === 'request' ? compare(one, other, at) : compare(other, one, at)))
      return tries.reduce((best, next) => (next.length < best.length ? next : best))
    })
  }

  function compare(before: Schema | undefined, after: Schema | undefined, at: string): string[] {
    const [had, has] = [resolveOld(before ?? {}), resolveNow(after ?? {})]
    const pair = `${before?.$ref} ${after?.$ref}`
    if (before?.$ref !== undefined && after?.$ref !== undefined) {
      if (seen.has(pair)) return []
      seen.add(pair)
    }
    const found = comparedForms(had, has, at, growing.has(before?.$ref?.split('/').at(-1) ?? ''))
    seen.delete(pair)
    return found
  }

  function comparedForms(had: Schema, has: Schema, at: string, mayGrow: boolean): string[] {
    const [formsBefore, formsAfter] = [had.anyOf ?? had.oneOf, has.anyOf ?? has.oneOf]
    if (formsBefore || formsAfter) return variants(formsBefore ?? [had], formsAfter ?? [has], at)
    const name = at || '/'
    const [inner, outer] = direction === 'request' ? [had, has] : [has, had]
    const counts = (keyword: string) =>
      direction === 'request' || !(ofRequests.has(keyword) || (keyword === 'enum' && mayGrow && has.enum))
    const found = narrower(inner, outer)
      .filter(counts)
      .map((keyword) => `${name}: ${described(keyword, had, has)}`)
    for (const keyword of new Set([...Object.keys(had), ...Object.keys(has)]))
      if (!known.has(keyword) && !keyword.startsWith('x-') && !isDeepStrictEqual(had[keyword], has[keyword]))
        found.push(`${name} has another ${keyword}, which this comparison cannot judge`)
    if (had.properties || has.properties || had.additionalProperties || has.additionalProperties)
      found.push(...fields(had, has, at))
    if (had.items || has.items) found.push(...compare(had.items, has.items, `${at}/items`))
    return found
  }

  return compare(old, now, '')
}
