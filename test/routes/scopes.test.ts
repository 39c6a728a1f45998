import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'
import { personalTokensOf, tokenScopes } from '../helpers/personal-tokens.ts'
import { countQueries } from '../helpers/queries.ts'
import { refused } from '../helpers/refused.ts'
import { routesOf, urlOf } from '../helpers/routes.ts'
import { addProbes } from '../helpers/step-up.ts'

const { app, signUp } = await startApp(t, { routes: addProbes })
const { store } = personalTokensOf(app)
const ann = await signUp()
const { paths } = contractOf(app)

/** Every route that cannot be used without a user, with its operation in the contract. */
const routes = routesOf(app).flatMap(({ method, path }) => {
  const item = paths[path.replace(/:(\w+)/g, '{$1}')]
  const operation = item?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  return operation?.security.length && operation.security.every((scheme) => 'bearer' in scheme)
    ? [{ method, path, operation }]
    : []
})

/** The scope of each route that takes personal access tokens. A new one is added here on purpose. */
const scoped: Record<string, string> = {
  'GET /api/revocations': 'revocations:read',
  'HEAD /api/revocations': 'revocations:read',
  ...Object.fromEntries(
    ['/api/tasks', '/api/users/:user_id/tasks'].flatMap((prefix) => [
      [`GET ${prefix}`, 'tasks:read'],
      [`HEAD ${prefix}`, 'tasks:read'],
      [`POST ${prefix}`, 'tasks:write'],
      [`GET ${prefix}/:id`, 'tasks:read'],
      [`HEAD ${prefix}/:id`, 'tasks:read'],
      [`PUT ${prefix}/:id`, 'tasks:write'],
      [`PATCH ${prefix}/:id/complete`, 'tasks:write'],
      [`DELETE ${prefix}/:id`, 'tasks:write']
    ])
  )
}

test('the contract gives each route the scope of the written list, or none', (t) => {
  const found = routes.flatMap(({ method, path, operation }) =>
    operation['x-scope'] ? [[`${method} ${path}`, operation['x-scope']]] : []
  )
  t.strictSame(Object.fromEntries(found), scoped)
  t.ok(routes.length >= 40, `${routes.length} routes`)
  for (const { operation } of routes)
    if (operation['x-scope']) t.match(operation.description, `needs the scope \`${operation['x-scope']}\``)
  t.end()
})

test('a route with a scope refuses tokens without it, and a route without one refuses every personal access token', async (t) => {
  const all = await store(ann.id)
  const without = new Map<string, string>()
  for (const scope of tokenScopes)
    without.set(
      scope,
      await store(
        ann.id,
        tokenScopes.filter((other) => other !== scope)
      )
    )
  const call = (method: (typeof routes)[number]['method'], path: string, token: string) =>
    app.inject({
      method,
      url: urlOf(path).replace('/users/0193aaaa-0000-7000-8000-00000000000a', `/users/${ann.id}`),
      ...(path === '/api/revocations' && { query: { wait: '0' } }),
      headers: { authorization: `Bearer ${token}` }
    })
  const queriesOf = countQueries(t, app)
  for (const { method, path } of routes) {
    const what = `${method} ${path}`
    const scope = scoped[what]
    if (scope === undefined) {
      const queries = await queriesOf(async () =>
        refused(t, await call(method, path, all), 'invalid_token', what, method === 'HEAD')
      )
      t.equal(queries, 0, `${what}: no query`)
      continue
    }
    const answer = await call(method, path, without.get(scope) as string)
    t.equal(answer.statusCode, 403, `${what}: without the scope`)
    t.match(answer.headers['www-authenticate'], `error="insufficient_scope", scope="${scope}"`, what)
    t.notOk([401, 403].includes((await call(method, path, all)).statusCode), `${what}: with the scope`)
  }
})

test('a public route under /api/auth takes no personal access token in place of its own user', async (t) => {
  const headers = { authorization: `Bearer ${await store(ann.id)}` }
  for (const name of ['verify', 'confirm']) {
    const answer = await app.inject({
      ...{ method: 'POST', url: `/api/auth/email/${name}`, headers },
      payload: { code: '12345678' }
    })
    refused(t, answer, 'invalid_token', name)
  }
})

test('a route of accounts or admins, or with step-up, cannot have a scope', async (t) => {
  const response = { 200: { type: 'null' } }
  const mistakes = [
    { url: '/api/auth/mistake', schema: { scope: 'tasks:read', response } },
    { url: '/api/auth', schema: { scope: 'tasks:read', response } },
    { url: '/api/admin/mistake', schema: { scope: 'tasks:read', response } },
    { url: '/api/mistake', schema: { scope: 'tasks:read', stepUp: true, response } }
  ] as const
  for (const { url, schema } of mistakes) {
    let told = ''
    await startApp(t, {
      routes(app) {
        try {
          app.get(url, { schema }, () => null)
        } catch (error) {
          told = (error as Error).message
        }
      }
    })
    t.equal(told, `${url} must not take personal access tokens`)
  }
})
