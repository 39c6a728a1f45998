import { readFileSync } from 'node:fs'
import t, { test } from 'tap'
import { problems } from '../../src/http/problems.ts'
import { startApp } from '../helpers/app.ts'
import { contractOf, examplesOf, operationsOf, resolve, type Schema } from '../helpers/contract.ts'

const { app } = await startApp(t)
const contract = contractOf(app)
const operations = operationsOf(contract)

/** A sentence or a phrase that begins like one; @fastify/swagger and Ajv have words of their own for what has none. */
const words = /^(?!Default Response|.*\bdef-\d)[A-Z1-9].{5,}/s

/** Every schema with its place: the components, and those below them by name. */
const schemas = function* (schema: Schema, place: string): Generator<[string, Schema]> {
  yield [place, schema]
  for (const [name, inner] of Object.entries(schema.properties ?? {})) yield* schemas(inner, `${place}/${name}`)
}

test('every operation, parameter and header has a description', async (t) => {
  for (const { name, operation } of operations) {
    t.match(operation.description, words, name)
    t.not(operation.description, operation.summary, `${name}: more than the summary`)
    for (const parameter of operation.parameters ?? [])
      t.match(parameter.description, words, `${name}: ${parameter.in} ${parameter.name}`)
    for (const [status, listed] of Object.entries(operation.responses))
      for (const [header, { description }] of Object.entries(resolve(contract, listed).headers ?? {}))
        t.match(description, words, `${name}: ${status} ${header}`)
  }
})

test('every component and every property has a description', async (t) => {
  const all = Object.entries(contract.components.schemas).flatMap(([name, schema]) => [...schemas(schema, name)])
  t.ok(all.length > 60)
  for (const [place, schema] of all) t.match(resolve(contract, schema).description, words, place)
})

test('every response has a description of its own, not that of its schema', async (t) => {
  for (const { name, operation } of operations)
    for (const [status, listed] of Object.entries(operation.responses)) {
      const { description, content } = resolve(contract, listed)
      t.match(description, words, `${name}: ${status}`)
      for (const { schema } of Object.values(content ?? {}))
        t.not(description, resolve(contract, schema).description, `${name}: ${status}: more than the schema's`)
    }
})

test('every body of a request or a response has an example', async (t) => {
  for (const { name, operation } of operations) {
    const responses = Object.values(operation.responses).map((listed) => resolve(contract, listed))
    for (const { content } of [operation.requestBody, ...responses].filter((body) => body !== undefined))
      for (const media of Object.values(content ?? {}))
        t.ok(examplesOf(contract, media).length > 0, `${name}: ${media.schema.$ref}`)
  }
})

test('every tag has a description', async (t) => {
  const { tags } = app.swagger() as unknown as { tags: { name: string; description: string }[] }
  t.ok(tags.length > 4)
  for (const { name, description } of tags) t.match(description, words, name)
})

test('every enum of a query parameter is a named component', async (t) => {
  const choices = operations.flatMap(({ operation }) => operation.parameters ?? []).map(({ schema }) => schema)
  t.notOk(choices.some((schema) => schema.enum))
  t.strictSame(
    [...new Set(choices.flatMap(({ $ref = [] }) => $ref))].sort(),
    ['ActorKind', 'Role', 'SortOrder', 'TaskSort', 'TaskStatus', 'UserState'].map(
      (name) => `#/components/schemas/${name}`
    )
  )
})

test('the codes of problems are those of the catalogue, and each has an example where it can occur', async (t) => {
  const made = Object.values(problems).map((problem) =>
    (problem as (...args: unknown[]) => Error & { code: string })([])
  )
  const codes = [...new Set(made.map(({ code }) => code))].sort()
  t.strictSame([...(contract.components.schemas.ProblemCode?.enum ?? [])].sort(), codes)
  const shown = Object.values(contract.components.responses).flatMap(({ content = {} }) =>
    Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples))
  )
  // These come before an operation is known.
  const beside = ['headers_too_large', 'method_not_allowed', 'request_refused', 'request_timeout']
  t.strictSame(
    shown.sort(),
    codes.filter((code) => !beside.includes(code))
  )
})

test('the version is that of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.equal(contract.info.version, version)
})

test('the operations with user_id in their path refer new clients to those without', async (t) => {
  const byUser = operations.filter(({ name }) => name.includes('{user_id}'))
  t.equal(byUser.length, 6)
  for (const { name, operation } of byUser)
    t.match(operation.description, /`\w+Tasks?`, which new clients should use/, name)
})
