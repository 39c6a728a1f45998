import t, { test } from 'tap'
import { publicRoutes } from '../../src/testing/routes.ts'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'
import { hostileTokens } from '../helpers/hostile-tokens.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'
import { routesOf, urlOf } from '../helpers/routes.ts'

const { app } = await startApp(t)

/** Besides those of Gatehouse, the tasks have none. */
const open = new Set(publicRoutes)
const isPublic = ({ method, path }: { method: string; path: string }) => open.has(`${method} ${path}`)
const protectedRoutes = routesOf(app).filter((route) => !isPublic(route))

test('every route except the public ones answers 401 without a token, before anything else', async (t) => {
  const queriesOf = countQueries(t, app)
  t.ok(protectedRoutes.length >= 20, `${protectedRoutes.length} protected routes`)
  const tryAll = async () => {
    for (const { method, path } of protectedRoutes)
      for (const payload of [undefined, '{"not": "valid"', 'x'.repeat(70_000)]) {
        const request = { method, url: urlOf(path), ...(payload && { payload }) }
        const answer = await app.inject(request)
        refused(t, answer, 'not_authenticated', `${method} ${path}`, method === 'HEAD')
      }
  }
  t.equal(await queriesOf(tryAll), 0)
})

test('the list of public routes is correct, and matches the contract', async (t) => {
  const known = new Set(routesOf(app).map(({ method, path }) => `${method} ${path}`))
  for (const route of open) t.ok(known.has(route), route)
  for (const [path, operations] of Object.entries(contractOf(app).paths))
    for (const [method, { security }] of Object.entries(operations)) {
      const route = { method: method.toUpperCase(), path: path.replace(/\{(\w+)\}/g, ':$1') }
      const optional = /\/email\/(verify|confirm)$/.test(route.path)
      const expected = optional ? [{}, { bearer: [] }] : isPublic(route) ? [] : [{ bearer: [] }]
      t.strictSame(security, expected, `${route.method} ${route.path}`)
    }
})

test('hostile tokens open no protected route', async (t) => {
  const queriesOf = countQueries(t, app)
  const names = [
    'header alg "none"',
    'header crit exp',
    'header typ JWT',
    'ours exp as text',
    'ours aud of another',
    'bridge mail link to change the email',
    'bridge cookie cache',
    'HS256 by the text of a public key',
    'signature in other unused bits',
    'signature empty',
    'payload null of 4',
    'sub twice'
  ]
  const tryAll = async () => {
    for (const { method, path } of protectedRoutes)
      for (const name of names) {
        const headers = { authorization: `Bearer ${hostileTokens[name] ?? t.fail(`no token ${name}`)}` }
        const answer = await app.inject({ method, url: urlOf(path), headers })
        refused(t, answer, 'invalid_token', `${method} ${path}: ${name}`, method === 'HEAD')
      }
  }
  t.equal(await queriesOf(tryAll), 0)
})
