import { test } from 'tap'
import { buildTestApp, checkAnswer } from '../../src/testing/index.ts'
import { product } from './notes/product.ts'

test('checkAnswer reports each answer that deviates from the contract', async (t) => {
  const { app, signUp, close } = await buildTestApp(product, { databaseUrl: process.env.TEST_DATABASE_URL })
  t.teardown(close)
  const ann = await signUp()
  const url = '/api/notes'
  const right = await ann.get(url)
  const check = (
    changes: { statusCode?: number; body?: string; headers?: object; json?: () => unknown },
    path = url
  ) => {
    const headers = { ...right.headers, ...changes.headers }
    return () => checkAnswer(app, 'GET', path, { ...right, json: right.json, ...changes, headers } as typeof right)
  }
  t.doesNotThrow(check({}))
  t.doesNotThrow(check({}, '/unknown'), 'a path that the contract does not have')
  t.throws(check({ statusCode: 500, body: 'Oh' }), { message: 'GET /api/notes -> 500: a fault: Oh' })
  t.throws(check({ headers: { 'x-request-id': undefined } }), { message: /: no request id$/ })
  t.throws(check({ headers: { 'x-content-type-options': 'x' } }), { message: /: no security headers$/ })
  t.throws(check({ headers: { 'cache-control': 'public' } }), { message: /: may be cached$/ })
  t.throws(check({ body: '{"password_hash":"x"}' }), { message: /: leaks: {"password_hash":"x"}$/ })
  t.throws(check({ statusCode: 404 }), { message: /: not a problem: application\/json/ })
  t.throws(check({ statusCode: 204 }), { message: /-> 204: not in the contract$/ })
  t.throws(check({ headers: { 'content-type': 'text/plain' } }), { message: /: text\/plain is not in the contract$/ })
  t.throws(check({ json: () => ({ items: 1 }) }), { message: /"keyword":"required".*: {"items":\[\],/ })

  const note = (await ann.post(url, { text: 'x' })).json()
  const removed = await ann.delete(`${url}/${note.id}`)
  const checkRemoved = (body: string) => () =>
    checkAnswer(app, 'DELETE', `${url}/${note.id}`, { ...removed, json: removed.json, body } as typeof removed)
  t.doesNotThrow(checkRemoved(''))
  t.throws(checkRemoved('x'), { message: /-> 204: a body where none is promised: x$/ })
})
