import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { test } from 'tap'
import { main } from '../../bench/against/main.ts'
import { startApp } from '../helpers/app.ts'

const folder = await mkdtemp(join(tmpdir(), 'gatehouse_load_'))
t.teardown(() => rm(folder, { recursive: true }))

/** Targets that no machine misses, and few requests. */
const gentle = '--users 2 --objects 1 --rates 40,80 --seconds 1 --pairs 2 --operation-ms 600000 --validation-ms 600000'

/** Does as `npm run bench -- load --against URL`. */
async function load(url: string, words = '') {
  let output = ''
  const all = ['load', '--against', url, ...`${gentle} --out ${folder} ${words}`.trim().split(' ')]
  const code = await main(all, (line) => {
    output += `${line}\n`
  })
  return { code, output }
}

const found = async () => JSON.parse(await readFile(join(folder, 'load.json'), 'utf8'))
const named = (list: { name: string; reason: string }[], name: string) => list.find((one) => one.name === name)?.reason

const { app, signUp } = await startApp(t)
const url = await app.listen({ host: '127.0.0.1', port: 0 })
const bystander = await signUp()
await bystander.post('/api/tasks', { title: 'Not of the run' })
const emails = async () => (await app.db.selectFrom('users').select('email').execute()).map(({ email }) => email)

test('a deployment is measured by its contract, and everything that the run made is deleted', async (t) => {
  const { code, output } = await load(url)
  t.equal(code, 0, output)
  t.strictSame(await emails(), [bystander.email], 'only the account that was there before')
  t.equal((await bystander.get('/api/tasks')).json().items.length, 1, 'and it has what it had')

  const { steps, leftOut, validation, accounts, figures } = await found()
  t.strictSame(
    steps.map(({ rate }: { rate: number }) => rate),
    [40, 80]
  )
  const [, last] = steps
  t.equal(last.sent, 80)
  t.equal(last.failed, 0)
  for (const name of [
    'GET /health/live',
    'GET /api/auth/me',
    'PUT /api/auth/profile',
    'POST /api/tasks',
    'PATCH /api/tasks/{id}/complete',
    'DELETE /api/tasks/{id}',
    'PUT /api/users/{user_id}/tasks/{id}'
  ])
    t.ok(last.operations[name]?.times.count > 0, name)
  for (const name of ['POST /api/auth/register', 'POST /api/auth/login', 'POST /api/auth/profile/delete'])
    t.ok(accounts[name]?.times.count > 0, name)
  t.equal(validation.withToken, 'GET /api/auth/me')
  t.equal(validation.added.first.count, 2)
  t.match(named(leftOut, 'GET /api/admin/users'), /403/)
  t.match(named(leftOut, 'POST /api/admin/users/{id}/delete'), /needs \{id\}/)
  t.match(named(leftOut, 'POST /api/auth/password/forgot'), /mail/)
  t.match(named(leftOut, 'PUT /api/auth/password'), /sessions/)
  t.match(named(leftOut, 'DELETE /api/auth/sessions/{id}'), /needs \{id\}/)
  t.ok(figures.every(({ verdict }: { verdict: string }) => verdict !== 'NOT met'))
})

test('the report page is one file that loads nothing', async (t) => {
  const page = await readFile(join(folder, 'load.html'), 'utf8')
  t.match(page, /default-src 'none'/)
  // The library of the charts is code, and has such texts.
  const markup = page.replace(/<script>.*?<\/script>/gs, '')
  t.notMatch(markup, /<(script|link|img|iframe)[^>]*(src|href)=/)
  for (const text of ['GET /api/tasks/{id}', 'What the validation of a token adds', 'Left out'])
    t.ok(page.includes(text), text)
})

test('the load stops at the first missed target, and the exit code is 1', async (t) => {
  const { code, output } = await load(url, '--operation-ms 0 --users 1 --pairs 1')
  t.equal(code, 1)
  t.equal((await found()).steps.length, 1)
  t.match(output, /NOT met/)
  t.strictSame(await emails(), [bystander.email])
})

/** A product of somebody else, below a path, which lets two users sign up and fails at one operation. */
async function startOther() {
  const schema = (type: string, rest = {}) => ({ schema: { type, ...rest } })
  const thing = {
    type: 'object',
    required: ['count', 'code', 'tags'],
    properties: {
      count: { type: 'integer', minimum: 5 },
      code: { type: 'string', pattern: '^[A-Z][0-9]$' },
      tags: { $ref: '#/components/schemas/Tags' },
      note: { type: 'string' }
    }
  }
  const id = { in: 'path', name: 'thing_id', required: true, ...schema('string') }
  const document = {
    openapi: '3.1.0',
    info: { title: 'Things <script>', version: '1' },
    security: [{ bearer: [] }],
    paths: {
      '/status': { get: { operationId: 'getStatus', security: [] } },
      '/things': {
        get: { parameters: [{ in: 'query', name: 'kind', required: true, ...schema('string', { enum: ['a b'] }) }] },
        post: { requestBody: { required: true, content: { 'application/json': { schema: thing } } } }
      },
      '/things/{thing_id}': { parameters: [id], put: {}, delete: {} },
      '/things/{thing_id}/send': { parameters: [id], post: {} },
      '/broken': { get: {} },
      '/picture': { put: { requestBody: { required: true, content: { 'image/png': {} } } } }
    },
    components: { schemas: { Tags: { type: 'array', minItems: 1, items: { type: 'string', maxLength: 4 } } } }
  }
  const asked: { name: string; body: string; token: string | undefined }[] = []
  let users = 0
  let things = 0
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { method, url = '', headers } = request
    const name = `${method} ${url.replace(/^\/base/, '').replace(/\d+/, 'N')}`
    asked.push({ name, body, token: headers.authorization })
    const answer = (status: number, value?: object, more = {}) =>
      response.writeHead(status, { ...more }).end(value && JSON.stringify(value))
    const tokens = { access_token: `t${users}`, refresh_token: 'r', user: { id: 'u' } }
    if (name === 'GET /openapi.json') answer(200, document)
    else if (name === 'POST /api/auth/register') {
      users += 1
      if (users > 2) answer(429, {}, { 'retry-after': '3600' })
      else answer(201, tokens)
    } else if (name === 'POST /api/auth/profile/delete') answer(204)
    else if (name.startsWith('POST /api/auth/')) answer(200, tokens)
    else if (name === 'POST /things') answer(201, undefined, { location: `/base/things/${things++}` })
    else if (name === 'GET /broken') answer(500)
    else if (/^DELETE/.test(name)) answer(204)
    else answer(200, {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, asked }
}

test('the contract of another product is enough: bodies, paths and queries come from its schemas', async (t) => {
  const { url, asked } = await startOther()
  const { code, output } = await load(url, '--users 3 --rates 60')
  t.equal(code, 1, 'an operation fails')
  t.match(output, /longer than --patience 70.*going on with 2 users/s, 'limits are respected')
  t.match(asked.find(({ name }) => name === 'POST /things')?.body, '{"count":5,"code":"A1","tags":["Load"]}')
  for (const name of ['GET /things?kind=a+b', 'PUT /things/N', 'DELETE /things/N', 'GET /status'])
    t.ok(
      asked.some((one) => one.name === name),
      name
    )
  t.notOk(asked.find(({ name }) => name === 'GET /status')?.token, 'no token where none is needed')
  t.notOk(asked.some(({ name }) => name.includes('/send') || name.includes('/picture')))
  t.equal(asked.filter(({ name }) => name === 'POST /api/auth/profile/delete').length, 2)
  const { steps, leftOut, validation } = await found()
  t.ok(steps[0].operations['GET /broken'].failed > 0)
  t.match(named(leftOut, 'POST /things/{thing_id}/send'), /may act on more/)
  t.match(named(leftOut, 'PUT /picture'), /may act on more/)
  t.equal(validation, null, 'the first read with a token is broken')
  const page = await readFile(join(folder, 'load.html'), 'utf8')
  t.match(page, '<h1>Things &lt;script&gt; 1: load</h1>')
})

test('another host needs the token of its operator, and wrong options are refused', async (t) => {
  for (const [words, message] of [
    ['load --against https://example.com', /not this machine/],
    ['load --against http://127.0.0.1.example.com', /not this machine/],
    ['load --against https://gatehouse.invalid --token short', /32 to 256/],
    [`load --against http://gatehouse.invalid:1 --token ${crypto.randomUUID()}`, /gatehouse-prove\.txt/],
    ['load --against ftp://127.0.0.1', /HTTP URL/],
    ['load --against http://ann:secret@127.0.0.1', /no user/],
    ['load cost --against http://127.0.0.1:1', /alone/],
    ['load --against http://127.0.0.1:1 --users 0', /--users must be a whole number from 1 to 200/],
    ['load --against http://127.0.0.1:1 --rates 10,x', /--rates must be/],
    ['load --against http://127.0.0.1:1 --faster', /--faster/],
    ['load --against http://127.0.0.1:1', /ECONNREFUSED/]
  ] as const) {
    let output = ''
    const code = await main(words.split(' '), (line) => {
      output += line
    })
    t.equal(code, 2, words)
    t.match(output, message)
  }
})
