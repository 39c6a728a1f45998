import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t, { test } from 'tap'
import { pagePaths } from '../../plugins/web.ts'
import { startApp } from '../helpers/app.ts'
import { files, page, script, webFiles } from '../helpers/web-files.ts'

const { app } = await startApp(t, { settings: { WEB_DIR: webFiles(t) } })

test('each path of the front end is its page, which is revalidated each time', async (t) => {
  for (const url of [...pagePaths, '/login?next=%2Fprofile', '/?q=%22']) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 200, url)
    t.equal(answer.body, page)
    t.match(answer.headers, { 'content-type': /^text\/html; charset=utf-8$/i, 'cache-control': 'no-cache' }, url)
  }
})

test('files with a hash in their name are cached for a year, others are revalidated', async (t) => {
  for (const url of files) {
    const { headers, statusCode } = await app.inject(url)
    t.equal(statusCode, 200, url)
    t.equal(
      headers['cache-control'],
      url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      url
    )
  }
  t.match((await app.inject('/assets/index-Dq3x.js')).headers['content-type'], /javascript/)
})

test('a page allows no inline script and no other site, and keeps every other header', async (t) => {
  const other = (await app.inject('/health')).headers
  for (const url of ['/', ...files]) {
    const { headers } = await app.inject(url)
    const policy = String(headers['content-security-policy'])
    t.match(policy, /^default-src 'none';script-src 'self';style-src 'self'/)
    for (const directive of ['base-uri', 'form-action', 'frame-ancestors']) t.match(policy, `${directive} 'none'`)
    t.notMatch(policy, /unsafe|https?:|\*/)
    t.match(headers['x-request-id'], /^[\w-]{36}$/)
    const own = ['content-security-policy', 'cache-control', 'content-type', 'content-length', 'date', 'x-request-id']
    for (const [name, value] of Object.entries(other))
      if (!own.includes(name)) t.match(headers[name], value, `${url} ${name}`)
  }
  t.equal(other['content-security-policy'], "default-src 'none';frame-ancestors 'none'", "the API's stays as it is")
  t.equal(other['cache-control'], 'no-store')
})

test('compressed files are served to clients that accept them', async (t) => {
  for (const [url, content] of [
    ['/', page],
    ['/assets/index-Dq3x.js', script]
  ] as const) {
    const get = (encoding: string) => app.inject({ url, headers: { 'accept-encoding': encoding } })
    const [br, gzip, plain] = [await get('gzip, deflate, br'), await get('gzip'), await get('identity')]
    t.equal(brotliDecompressSync(br.rawPayload).toString(), content)
    t.equal(gunzipSync(gzip.rawPayload).toString(), content)
    t.equal(plain.body, content)
    t.equal(br.headers['content-type'], plain.headers['content-type'])
    for (const { headers } of [br, gzip, plain]) t.match(headers.vary, /accept-encoding/i)
    t.equal(new Set([br, gzip, plain].map(({ headers }) => headers.etag)).size, 3)
  }
  const css = await app.inject({ url: '/assets/index-Dq3x.css', headers: { 'accept-encoding': 'br' } })
  t.equal(css.body, 'a{}', 'what was not compressed comes plain')
})

test('unchanged files answer 304', async (t) => {
  for (const url of ['/', ...files]) {
    const { headers } = await app.inject(url)
    for (const condition of [
      { 'if-none-match': String(headers.etag) },
      { 'if-modified-since': String(headers['last-modified']) }
    ]) {
      const answer = await app.inject({ url, headers: condition })
      t.equal(answer.statusCode, 304, url)
      t.equal(answer.body, '')
    }
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"another"' } })).statusCode, 200)
  }
})

test('HEAD answers like GET, without the body; other methods are refused', async (t) => {
  for (const url of ['/', ...files]) {
    const [get, head] = [await app.inject(url), await app.inject({ method: 'HEAD', url })]
    const lasting = ({ headers }: typeof get) => ({ ...headers, date: '', 'x-request-id': '' })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.strictSame(lasting(head), lasting(get), url)
    const post = await app.inject({ method: 'POST', url, payload: { a: 1 } })
    t.match(post.json(), { status: 405, code: 'method_not_allowed' })
    t.strictSame(String(post.headers.allow).split(', ').sort(), ['GET', 'HEAD'], url)
  }
})

test('every file is served at its path, except hidden ones', async (t) => {
  const WEB_DIR = t.testdir({
    'index.html': page,
    'my file: \u{fc}.txt': 'mine',
    sub: { 'a.txt': 'a', '.env': 'secret' },
    '.git': { config: 'secret' },
    'linked.txt': t.fixture('symlink', 'sub/a.txt'),
    assets: { '.env': 'secret', 'a.js': 'a' }
  })
  const { app } = await startApp(t, { settings: { WEB_DIR } })
  for (const [url, body] of [
    ['/my%20file:%20%C3%BC.txt', 'mine'],
    ['/sub/a.txt', 'a'],
    ['/linked.txt', 'a'],
    ['/assets/a.js', 'a']
  ] as const)
    t.match(await app.inject(url), { statusCode: 200, body }, url)
  for (const url of ['/sub/.env', '/.git/config', '/assets/.env', '/assets/b.js', '/assets/..%2Findex.html'])
    t.equal((await app.inject(url)).statusCode, 404, url)
})
