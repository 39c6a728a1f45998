import { formsChanged, type Schema } from './schemas.ts'

interface Body {
  required?: boolean
  content?: Record<string, { schema?: Schema }>
}
interface Parameter {
  in: string
  name: string
  required?: boolean
  schema?: Schema
}
interface Answer {
  headers?: Record<string, { required?: boolean; schema?: Schema }>
  content?: Record<string, { schema?: Schema }>
}
interface Operation {
  operationId?: string
  parameters?: Parameter[]
  requestBody?: Body
  responses: Record<string, Answer>
  security?: Record<string, string[]>[]
  'x-internal'?: boolean
  'x-scope'?: string
  'x-step-up'?: boolean
}
type PathItem = { parameters?: Parameter[] } & Record<string, Operation>

export interface Contract {
  info: { version: string }
  paths: Record<string, PathItem>
  security?: Record<string, string[]>[]
  components?: Record<string, Record<string, unknown>>
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const all = { requestBody: {}, parameters: [] } satisfies Partial<Operation>

/** Follows references in a document. */
const resolverOf = (contract: Contract) =>
  function resolve<T>(value: T): T {
    const { $ref } = (value ?? {}) as { $ref?: string }
    if ($ref === undefined) return value
    const found = $ref
      .slice(2)
      .split('/')
      .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], contract)
    if (found === undefined) throw new Error(`${$ref} is not in the contract`)
    return resolve(found as T)
  }
export type Resolve = ReturnType<typeof resolverOf>

interface Side {
  resolve: Resolve
  operations: Map<string, Operation>
}

function sideOf(contract: Contract): Side {
  const resolve = resolverOf(contract)
  const operations = new Map<string, Operation>()
  for (const [path, item] of Object.entries(contract.paths))
    for (const method of methods) {
      const operation = item[method]
      if (!operation || operation['x-internal']) continue
      operations.set(`${method.toUpperCase()} ${path}`, {
        ...all,
        ...(contract.security && { security: contract.security }),
        ...operation,
        parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => resolve(one))
      })
    }
  return { resolve, operations }
}

type Report = (what: string) => void

function compareParameters(old: Operation, now: Operation, [before, after]: [Side, Side], report: Report): void {
  const keyOf = (one: Parameter) => `${one.in} ${one.in === 'header' ? one.name.toLowerCase() : one.name}`
  const had = new Map(old.parameters?.map((one) => [keyOf(one), one]))
  const has = new Map(now.parameters?.map((one) => [keyOf(one), one]))
  for (const [key, one] of had) {
    const other = has.get(key)
    if (!other) report(`the ${one.in} parameter ${one.name} is gone`)
    else
      for (const change of formsChanged('request', one.schema, other.schema, before.resolve, after.resolve))
        report(`the ${one.in} parameter ${one.name}: ${change}`)
  }
  for (const [key, one] of has)
    if (one.required && !had.get(key)?.required) report(`the ${one.in} parameter ${one.name} is now required`)
}

function compareBodies(old: Operation, now: Operation, [before, after]: [Side, Side], report: Report): void {
  const had = before.resolve(old.requestBody)
  const has = after.resolve(now.requestBody)
  if (has?.required && !had?.required) report('the body is now required')
  for (const [type, { schema }] of Object.entries(had?.content ?? {})) {
    const other = has?.content?.[type]
    if (!other) report(`a body of ${type} is no longer taken`)
    else
      for (const change of formsChanged('request', schema, other.schema, before.resolve, after.resolve))
        report(`the body: ${change}`)
  }
}

function compareAnswers(old: Operation, now: Operation, [before, after]: [Side, Side], report: Report): void {
  for (const status of Object.keys(now.responses))
    if (/^[23]/.test(status) && !old.responses[status]) report(`it can now answer ${status}`)
  for (const [status, value] of Object.entries(old.responses)) {
    const had = before.resolve(value)
    const has = after.resolve(now.responses[status])
    if (!has) {
      report(`the answer ${status} is gone`)
      continue
    }
    for (const [name, header] of Object.entries(had.headers ?? {})) {
      const other = after.resolve(has.headers?.[name])
      const { required, schema } = before.resolve(header)
      if (!other) report(`the answer ${status} no longer has the header ${name}`)
      else if (required && !other.required) report(`the answer ${status} may lack the header ${name}`)
      for (const change of other ? formsChanged('answer', schema, other.schema, before.resolve, after.resolve) : [])
        report(`the answer ${status}, header ${name}: ${change}`)
    }
    for (const [type, { schema }] of Object.entries(had.content ?? {})) {
      const other = has.content?.[type]
      if (!other) report(`the answer ${status} is no longer ${type}`)
      else
        for (const change of formsChanged('answer', schema, other.schema, before.resolve, after.resolve))
          report(`the answer ${status}: ${change}`)
    }
  }
}

/** What opened an operation must still open it: a client keeps the credentials that it has. */
function compareAccess(old: Operation, now: Operation, report: Report): void {
  const anyone = [{}]
  const ways = (operation: Operation) => (operation.security?.length ? operation.security : anyone)
  for (const way of ways(old)) {
    const opens = (other: Record<string, string[]>) => Object.keys(other).every((scheme) => scheme in way)
    if (!ways(now).some(opens)) report(`${Object.keys(way).join(' and ') || 'no token'} is no longer enough`)
  }
  const scope = old['x-scope']
  if (scope !== undefined && scope !== now['x-scope']) report(`the scope ${scope} is no longer enough`)
  if (now['x-step-up'] && !old['x-step-up']) report('it now needs a step-up')
}

/** Changes for which a client of the first contract, unchanged, may fail against the second. Returns one line for each. */
export function breakingChanges(old: Contract, now: Contract): string[] {
  const sides: [Side, Side] = [sideOf(old), sideOf(now)]
  const found = new Set<string>()
  for (const [name, operation] of sides[0].operations) {
    const other = sides[1].operations.get(name)
    const report: Report = (what) => found.add(`${name}: ${what}`)
    if (!other) {
      report('the operation is gone')
      continue
    }
    if (operation.operationId !== other.operationId)
      report(
        `the operationId ${operation.operationId} is now ${other.operationId}, and so a method of generated clients`
      )
    compareParameters(operation, other, sides, report)
    compareBodies(operation, other, sides, report)
    compareAnswers(operation, other, sides, report)
    compareAccess(operation, other, report)
  }
  return [...found]
}
