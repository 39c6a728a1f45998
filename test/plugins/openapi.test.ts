import { readFileSync } from 'node:fs'
import t, { test } from 'tap'
import { parse } from 'yaml'
import { openapiYaml } from '../../plugins/openapi.ts'
import { startApp } from '../helpers/app.ts'
import { contractOf, operationsOf, resolve } from '../helpers/contract.ts'
import { routesOf } from '../helpers/routes.ts'

const { app } = await startApp(t)
const contract = contractOf(app)
const operations = operationsOf(contract)

/** Routes of the contract itself, and routes that the router adds. */
const beside = /^(HEAD|OPTIONS) |^GET \/(docs|openapi\.)/

test('openapi.yaml matches the schemas', (t) => {
  t.equal(openapiYaml(app.swagger()), readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'))
  t.end()
})

test('the contract contains every route, and no other', (t) => {
  const routes = routesOf(app)
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    .filter((route) => !beside.test(route))
  t.strictSame(operations.map(({ name }) => name).sort(), routes.sort())
  t.end()
})

test('every operation has a unique id, tags, a summary and every possible status', (t) => {
  const document = app.swagger() as { tags: { name: string }[] }
  const tags = new Set(document.tags.map(({ name }) => name))
  const names = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(names).size, names.length, 'unique')
  for (const { name, operation } of operations) {
    t.match(operation, { operationId: /^[a-z]+[A-Za-z]+$/, summary: /^[A-Z].{3,}/ }, name)
    t.ok(operation.tags.length === 1 && operation.tags.every((tag) => tags.has(tag)), `${name}: tags`)
    const own = [400, 500, 503, ...(operation.security.length > 0 ? [401] : [])]
    const statuses = [...own, ...(name.startsWith('GET') ? [] : [413, 415])]
    for (const status of statuses) t.ok(operation.responses[status]?.$ref, `${name}: ${status}`)
    t.ok(
      Object.keys(operation.responses).some((status) => status.startsWith('2')),
      `${name}: success`
    )
    t.notMatch(JSON.stringify(operation), /"x-(?!step-up"|scope")|"def-\d/, `${name}: nothing internal`)
  }
  t.end()
})

test('a parameter with a default is optional', (t) => {
  const parameters = operations.find(({ name }) => name === 'GET /api/tasks')?.operation.parameters ?? []
  t.equal(parameters.filter(({ schema }) => 'default' in resolve(contract, schema)).length, 3)
  for (const { name, required } of parameters) t.equal(required, false, name)
  t.end()
})

test('the referenced components are exactly the existing ones', (t) => {
  const references = new Set(
    JSON.stringify(contract).match(/#\/components\/(schemas|responses|parameters|headers)\/[^"]+/g)
  )
  const components = Object.entries(contract.components)
    .filter(([kind]) => kind !== 'securitySchemes')
    .flatMap(([kind, named]) => Object.keys(named).map((name) => `#/components/${kind}/${name}`))
  t.strictSame([...references].sort(), components.sort())
  t.end()
})

test('the contract is served as JSON and as YAML', async (t) => {
  const yaml = await app.inject('/openapi.yaml')
  t.match(yaml.headers['content-type'], /^application\/yaml/)
  const json = await app.inject('/openapi.json')
  t.match(json.headers['content-type'], /^application\/json/)
  t.strictSame(json.json(), parse(yaml.body))
  t.strictSame(json.json(), JSON.parse(JSON.stringify(contract)))
})
