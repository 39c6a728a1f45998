import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen } from '../helpers/raw.ts'
import { webFiles } from '../helpers/web-files.ts'

const { app, signUp } = await startApp(t, {
  settings: { WEB_DIR: webFiles(t), CORS_ORIGINS: 'https://app.example.com' }
})
const { send } = await listen(app)

test('answers without content have no length or type (RFC 9110, sections 8.6 and 15.4.5)', async (t) => {
  const { token, post } = await signUp()
  const task = await post('/api/tasks', { title: 'Milk' })
  const url = `/api/tasks/${task.json().id}`
  const ask = async (head: string) => {
    const bytes = `${head}\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
    return (await send(bytes))[0]
  }
  const page = await ask('GET / HTTP/1.1')
  const cases: [number, string][] = [
    [304, `GET ${url} HTTP/1.1\r\nIf-None-Match: ${task.headers.etag}`],
    [304, `HEAD ${url} HTTP/1.1\r\nIf-None-Match: ${task.headers.etag}`],
    [304, `GET / HTTP/1.1\r\nIf-None-Match: ${page?.headers.etag}`],
    [304, `HEAD / HTTP/1.1\r\nIf-None-Match: ${page?.headers.etag}`],
    [204, `DELETE ${url} HTTP/1.1`],
    [204, `OPTIONS ${url} HTTP/1.1\r\nOrigin: https://app.example.com\r\nAccess-Control-Request-Method: GET`]
  ]
  for (const [status, head] of cases) {
    const answer = await ask(head)
    t.equal(answer?.status, status, head)
    t.equal(answer?.body, '', head)
    const { 'content-length': length, 'content-type': type, 'transfer-encoding': coding } = answer?.headers ?? {}
    t.strictSame([type, coding], [undefined, undefined], head)
    // @fastify/cors sends it because Safari waits for the body of a preflight without it.
    t.ok(length === undefined || (status === 204 && head.startsWith('OPTIONS') && length === '0'), `${head}: ${length}`)
    if (status === 304) t.ok(answer?.headers.etag, 'a 304 keeps its ETag')
  }
})
