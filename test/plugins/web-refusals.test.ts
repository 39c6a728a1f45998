import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { test } from 'tap'
import { pagePaths } from '../../plugins/web.ts'
import { startApp } from '../helpers/app.ts'
import { listen, message } from '../helpers/raw.ts'
import { routesOf } from '../helpers/routes.ts'
import { page, webFiles } from '../helpers/web-files.ts'

const WEB_DIR = webFiles(t)
const { app } = await startApp(t, { settings: { WEB_DIR }, isOwnWeb: true })
const { app: bare } = await startApp(t)

test('a client that does not accept HTML gets a problem for every other URL', async (t) => {
  for (const name of ['.secret.js', 'note', 'of.some.size.js']) writeFileSync(join(WEB_DIR, 'assets', name), 'x')
  t.equal((await app.inject('/assets/of.some.size.js')).body, 'x')
  const odd = [
    '/index.html',
    '/index.html.br',
    '/assets/index-Dq3x.js.gz',
    '/assets',
    '/assets/',
    '/assets/.secret.js',
    '/assets/note',
    '/LOGIN'
  ]
  const hostile = ['/../package.json', '/assets/..%2f..%2fpackage.json', '/assets/%2e%2e/index.html', '//login']
  const others = ['/assets/x.js', '/tasks', '/api', '/api/', '/.env', '/login;a', '/assets/index-Dq3x.js/', '/%00']
  for (const url of [...odd, ...hostile, ...others]) {
    const answer = await app.inject(url)
    t.match(answer.json(), { status: 404, code: 'not_found' }, url)
    t.equal(answer.headers['content-security-policy'], "default-src 'none';frame-ancestors 'none'")
  }
  t.equal((await app.inject('/%ff')).statusCode, 400)
  t.equal((await app.inject({ url: '/', headers: { range: 'bytes=5-1' } })).body, page, 'no ranges of a page')
})

test('no path leads out of the folder', async (t) => {
  const { send } = await listen(app)
  for (const url of ['/../package.json', '/assets/../../package.json', '/./', '//', '/\\', '/assets/..%5cindex.html']) {
    const [answer] = await send(message(`GET ${url} HTTP/1.1`, 'Host: a'))
    t.equal(answer?.status, 404, url)
  }
  t.equal((await send(message('GET /%2e%2e/etc/passwd HTTP/1.1', 'Host: a')))[0]?.status, 404)
})

test('the web plugin adds only routes for files and pages; without the files, none', (t) => {
  const before = new Set(routesOf(bare).map(({ method, path }) => `${method} ${path}`))
  const added = routesOf(app)
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !before.has(route))
  const expected = [...pagePaths, '/.well-known/change-password', '/icon.svg', '/boot.js', '/assets/:name'].flatMap(
    (path) => [`GET ${path}`, `HEAD ${path}`]
  )
  t.strictSame(added.sort(), expected.sort())
  t.strictSame(app.swagger(), bare.swagger(), 'the contract is the same')
  t.end()
})

test('a new build is served without a restart, and the files of the old one are gone', async (t) => {
  const folder = t.testdir({})
  cpSync(WEB_DIR, folder, { recursive: true })
  const { app } = await startApp(t, { settings: { WEB_DIR: folder } })
  rmSync(join(folder, 'assets/index-Dq3x.js'))
  rmSync(join(folder, 'assets/index-Dq3x.js.br'))
  writeFileSync(join(folder, 'assets/index-New1.js'), 'new')
  t.equal((await app.inject('/assets/index-New1.js')).body, 'new')
  const gone = await app.inject({ url: '/assets/index-Dq3x.js', headers: { 'accept-encoding': 'br' } })
  t.match(gone.json(), { status: 404, code: 'not_found' })
  t.notMatch(gone.headers['cache-control'], /immutable/)
})

test('a server without the built files serves the API', async (t) => {
  for (const url of ['/', '/login', '/assets/index-Dq3x.js']) t.equal((await bare.inject(url)).statusCode, 404, url)
  t.equal((await bare.inject('/health')).statusCode, 200)
})
