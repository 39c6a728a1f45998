import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen, message } from '../helpers/raw.ts'
import { until } from '../helpers/wait.ts'

const { app, signUp } = await startApp(t)

test('a large answer arrives complete with its length, a HEAD without a body', async (t) => {
  const user = await signUp()
  const description = '€'.repeat(10_000)
  for (let i = 0; i < 9; i++) await user.post('/api/tasks', { title: `Task ${i}`, description })
  const { send } = await listen(app)
  const ask = (method: string) =>
    send(message(`${method} /api/tasks HTTP/1.1`, 'Host: a', `Authorization: Bearer ${user.token}`))
  const [answer] = await ask('GET')
  t.equal(JSON.parse(Buffer.from(answer?.body ?? '', 'latin1').toString()).items.length, 9)
  const [head] = await ask('HEAD')
  t.match(head, { status: 200, headers: { 'content-length': answer?.headers['content-length'] }, body: '' })
})

test('an answer that is large only as JSON arrives complete', async (t) => {
  const user = await signUp()
  const { id } = (await user.post('/api/tasks', { title: 'a', description: '\u0001'.repeat(10_000) })).json()
  const { length } = (await user.get(`/api/tasks/${id}`)).rawPayload
  await user.post('/api/tasks', { title: 'b', description: '\u0001'.repeat(10_000) })
  const answer = await user.get('/api/tasks')
  t.ok(length < 65_536 && answer.rawPayload.length > 65_536)
  t.equal(answer.headers['content-length'], String(answer.rawPayload.length))
  t.equal(answer.json().items.length, 2)
})

test('a file is sent from memory until it changes; a very large one is streamed', async (t) => {
  const large = 'x'.repeat(5 * 1024 * 1024)
  const WEB_DIR = t.testdir({ 'index.html': 'old', 'a.js': 'y'.repeat(100_000), 'large.js': large })
  const { app } = await startApp(t, { settings: { WEB_DIR } })
  for (let i = 0; i < 2; i++) {
    t.equal((await app.inject('/')).body, 'old')
    t.equal((await app.inject('/a.js')).body.length, 100_000)
    t.equal((await app.inject('/large.js')).body, large)
  }
  writeFileSync(join(WEB_DIR, 'index.html'), 'newer')
  await until('the new page', async () => (await app.inject('/')).body === 'newer')
})

test('a page of long texts is written piece by piece, with the same content', async (t) => {
  const user = await signUp()
  const texts = ['\u0001'.repeat(10_000), '"\\\n'.repeat(3_333), '\u{1f95b}'.repeat(10_000), '\u20ac'.repeat(10_000)]
  const tasks = []
  for (const description of [...texts, null, ...texts, ...texts])
    tasks.push((await user.post('/api/tasks', { title: '"Milk" \u{1f95b}', description })).json())
  for (const url of ['/api/tasks?limit=100', '/api/tasks?limit=100&q=milk']) {
    const answer = await user.get(url)
    t.strictSame(answer.json(), { items: tasks.toReversed(), next_cursor: null })
    t.match(answer.headers, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(answer.rawPayload.length)
    })
  }
})

test('the contract is serialized once', async (t) => {
  const before = [(await app.inject('/openapi.json')).body, (await app.inject('/openapi.yaml')).body]
  t.capture(app, 'swagger', () => {
    throw new Error('asked again')
  })
  t.strictSame([(await app.inject('/openapi.json')).body, (await app.inject('/openapi.yaml')).body], before)
})

test('files of the documentation are read once, and a client that has them gets 304', async (t) => {
  const url = '/docs/static/swagger-ui-bundle.js'
  const [first, second, head] = [
    await app.inject(url),
    await app.inject(url),
    await app.inject({ method: 'HEAD', url })
  ]
  t.ok(first.rawPayload.equals(second.rawPayload))
  for (const name of [
    'content-type',
    'content-length',
    'etag',
    'last-modified',
    'cache-control',
    'x-content-type-options'
  ])
    for (const answer of [second, head]) t.equal(answer.headers[name], first.headers[name], name)
  t.equal(head.body, '')
  const again = await app.inject({ url, headers: { 'if-none-match': String(first.headers.etag) } })
  t.match(again, { statusCode: 304, body: '' })
  t.equal((await app.inject('/docs/json')).body, (await app.inject('/docs/json')).body)
  t.equal((await app.inject('/docs/static/nothing.js')).statusCode, 404)
})
