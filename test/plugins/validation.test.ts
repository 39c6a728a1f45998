import t, { type Test, test } from 'tap'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const ann = await signUp()

const json = 'application/json'
const task = '{"title":"a"}'

async function send(payload: string | Buffer, type: string | undefined = json, url = '/api/tasks') {
  const headers = { authorization: `Bearer ${ann.token}`, 'content-type': type }
  return app.inject({ method: 'POST', url, payload, headers })
}

async function checkNothingStored(t: Test) {
  t.strictSame((await ann.get('/api/tasks')).json().items, [], 'nothing is stored')
}

test('an unreadable body is refused', async (t) => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1')
  const cases: Record<string, string | Buffer> = {
    blanks: '   ',
    truncated: '{"title":"a"',
    'a comma too many': '{"title":"a",}',
    'a comment': '{"title":"a"/**/}',
    'two bodies': task + task,
    'another kind of quote': "{'title':'a'}",
    NaN: '{"title":NaN}',
    Infinity: '{"title":Infinity}',
    'a number in hexadecimal': '{"title":0x10}',
    'a raw U+0000': '{"title":"\0"}',
    'a raw line feed': '{"title":"a\nb"}',
    'not UTF-8': latin1('{"title":"\xff"}'),
    'an overlong form': latin1('{"title":"\xc0\x80"}'),
    'UTF-16': Buffer.from(task, 'utf16le'),
    'a prototype': '{"title":"a","__proto__":{"x":1}}',
    'a prototype in disguise': '{"title":"a","\\u005f_proto__":{"x":1}}',
    'a constructor with a prototype': '{"title":"a","constructor":{"prototype":{"x":1}}}',
    'arrays all the way, unclosed': '['.repeat(60_000)
  }
  for (const [what, body] of Object.entries(cases)) {
    const answer = await send(body)
    t.match({ status: answer.statusCode, ...answer.json() }, { status: 400, code: 'malformed_request' }, what)
    t.notOk(answer.body.includes('\\"title'), `${what}: not echoed`)
  }
  await checkNothingStored(t)
})

test('an invalid body is refused with a pointer to each field', async (t) => {
  const cases: [string, string, ...string[]][] = [
    ['nothing', '', ''],
    ['null', 'null', ''],
    ['an array', '[]', ''],
    ['a text', '"a"', ''],
    ['a number', '5', ''],
    ['true', 'true', ''],
    ['an empty object', '{}', '/title'],
    ['null for a text', '{"title":null}', '/title'],
    ['a number for a text', '{"title":5}', '/title'],
    ['true for a text', '{"title":true}', '/title'],
    ['a list of one text for a text', '{"title":["a"]}', '/title'],
    ['a number beyond all', '{"title":1e999}', '/title'],
    ['1e21', '{"title":1e21}', '/title'],
    ['U+0000', '{"title":"a\\u0000"}', '/title'],
    ['a lone surrogate', '{"title":"\\ud800"}', '/title'],
    ['a wrong value after a right one', '{"title":"a","title":5}', '/title'],
    ['a deep value', `{"title":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '/title'],
    ['a list for text or null', '{"title":"a","description":["x"]}', '/description'],
    ['an unknown key', '{"title":"a","id":"b"}', '/id'],
    ['names of inherited members', '{"title":"a","toString":1,"constructor":1}', '/constructor', '/toString'],
    ['a key that a pointer escapes', '{"title":"a","a/b~c":1}', '/a~1b~0c'],
    ['a lone surrogate in a key', '{"title":"a","\\ud800":1}', '/\ufffd'],
    ['a key in other letters', '{"Title":"a"}', '/Title', '/title']
  ]
  for (const [what, body, ...pointers] of cases) {
    const answer = await send(body)
    const { code, errors, detail } = answer.json()
    t.match({ status: answer.statusCode, code }, { status: 400, code: 'validation_failed' }, what)
    t.strictSame(errors.map(({ pointer }: { pointer: string }) => pointer).sort(), pointers, what)
    t.match(detail, pointers[0] === '' ? /^The body must be object$/ : pointers[0])
  }
  await checkNothingStored(t)
})

test('errors are unique, at most twenty, with shortened names', async (t) => {
  const wrong = await send('{"email":5,"name":[],"password":{}}', json, '/api/auth/register')
  t.equal(wrong.json().errors.length, 3)
  const keys = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 1]))
  t.equal((await send(JSON.stringify(keys))).json().errors.length, 20)
  const long = await send(JSON.stringify({ title: 'a', ['k'.repeat(20_000)]: 1 }))
  t.equal(long.json().errors[0].pointer, `/${'k'.repeat(100)}`)
  await checkNothingStored(t)
})

test('null is not a missing body, so it does not toggle a task', async (t) => {
  const { id } = (await send(task)).json()
  const url = `/api/tasks/${id}/complete`
  const headers = { 'content-type': json }
  t.equal((await ann.patch(url, 'null', { headers })).statusCode, 400)
  t.equal((await ann.patch(url, '', { headers })).json().completed, true)
  await ann.delete(`/api/tasks/${id}`)
})

test('a body of 64 KiB is accepted, one byte more is not', async (t) => {
  const padded = (length: number) => task + ' '.repeat(length - task.length)
  const answer = await send(padded(65_536))
  t.equal(answer.statusCode, 201)
  await ann.delete(`/api/tasks/${answer.json().id}`)
  t.match((await send(padded(65_537))).json(), { status: 413, code: 'payload_too_large' })
  await checkNothingStored(t)
})

test('a body must be JSON by its content type', async (t) => {
  const read = [
    json,
    `${json};charset=utf-8`,
    `${json}; charset=UTF-8`,
    'APPLICATION/JSON',
    `${json}\t`,
    ` ${json}`,
    `${json};`
  ]
  for (const type of read)
    t.match((await send('{"x":1}', type)).json(), { code: 'validation_failed' }, JSON.stringify(type))
  const other = [
    'text/plain',
    'application/jsonx',
    'application/json-patch+json',
    'application/vnd.api+json',
    '*/*',
    'json',
    ''
  ]
  const odd = [
    `${json},text/plain`,
    `text/plain;${json}`,
    `${json}/x`,
    `${json}\0`,
    'application/',
    '/json',
    'appl\u0131cation/json'
  ]
  for (const type of [...other, ...odd, 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'])
    t.match((await send(task, type)).json(), { status: 415, code: 'unsupported_media_type' }, JSON.stringify(type))
  const untyped = await app.inject({ method: 'POST', url: '/api/auth/login', payload: Buffer.from('{}') })
  t.equal(untyped.statusCode, 415, 'none')
  await checkNothingStored(t)
})
